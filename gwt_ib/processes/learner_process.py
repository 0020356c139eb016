"""The learner process: builds agent and channel, runs the training loop, and always tries a last snapshot.

Started by the trainer as `python -m gwt_ib.processes.learner_process`; what it prints goes to `logs/learner.log`. The serial
channel runs the actors in here too.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from gwt_ib.channel.shared_memory import Counters
from gwt_ib.config import Config
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.learn.gradient import learns_by_kernels
from gwt_ib.learn.learner import Learner, NotFiniteError
from gwt_ib.log import LOGGER, start_log
from gwt_ib.model.agent import Agent
from gwt_ib.processes.children import die_with_parent, leave
from gwt_ib.processes.kinds import channel_kind
from gwt_ib.processes.kinds.seam import LearnerSide
from gwt_ib.processes.limits import thread_error
from gwt_ib.processes.link import Link
from gwt_ib.processes.plan import learner_threads
from gwt_ib.processes.remote_evaluator import RemoteEvaluator
from gwt_ib.processes.requests import WAIT_S, Requests
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.training.going_on import go_on
from gwt_ib.training.loop import SafePoint, Training

FLUSH_S = 5.0  # for the last messages, where the trainer is slow to read


class LearnerRun:
    """One learner process' share of a run: from the start, or from the newest good snapshot, to an end that is reported."""

    def __init__(self, run: RunDirectory, config: Config, link: Link, given: argparse.Namespace) -> None:
        self._run, self._config, self._link, self._given = run, config, link, given
        self._counters = Counters.open(given.memory, config)
        self._training: Training | None = None

    def train(self, requests: Requests, safe_point: SafePoint, *, resume: bool) -> None:
        """Train until the end or a stop; the last message to the trainer is `{"kind": "ended", "code", ...}`."""
        code, message, complete, again = ExitCode.DONE, "", False, False
        try:
            complete = self._train(requests, safe_point, resume)
        except NotFiniteError as error:
            code, again = ExitCode.LEARNER_FAILED, True
            message = f"Learning came to a number that is not finite: {error}."
        except UserError as error:
            code, message = error.code, error.message
        except EpisodeError as error:  # in the serial channel
            code, message = ExitCode.RESOURCES_USED_UP, f"An environment failed again and again: {error}."
        except RuntimeError as error:
            code, message = ExitCode.RESOURCES_USED_UP, thread_error(error)
            if not message:
                raise
        if again and self._training is not None:
            self._training.saving.wait()  # what is being written is what the run goes back to
        elif not again:
            saved_code, problem = self._save_last(complete)
            code, message = code or saved_code, " ".join(filter(None, (message, problem)))
        if message:
            LOGGER.error("ends: %s", message)
        self._link.send({"kind": "ended", "code": int(code), "message": message, "complete": complete, "again": again})
        self._link.flush(FLUSH_S)

    def _train(self, requests: Requests, safe_point: SafePoint, resume: bool) -> bool:
        run, config, counters = self._run, self._config, self._counters
        spec = run.read_environment()
        learner = Learner(Agent(spec.observation_size, spec.actions, config), config, counters.beat)
        evaluator = RemoteEvaluator(
            Link(socket.socket(fileno=self._given.evaluator)), self._given.weights, counters, requests
        )
        training = Training(run, config, learner, self._link.send, evaluator, counters.beat)
        LOGGER.info(
            "pid %d, torch %s on %s, one thread; %s weights, %d values an observation, actions %s; learns by %s",
            os.getpid(), torch.__version__, config.device, f"{learner.flat.vector.numel():,}",
            spec.observation_size, spec.action_space,
            f"kernels, {learner_threads(config)} thread(s)" if learns_by_kernels(config) else "torch",
        )  # fmt: skip

        def wait_for_the_disk() -> bool:
            counters.beat()
            requests.listen(WAIT_S)
            return not requests.stop_wanted

        if resume and not go_on(training, spec, wait_for_the_disk):
            self._link.send(
                {"kind": "not_restored", "message": "the snapshot does not know how its environments stood"}
            )
        side = LearnerSide(run, config, spec, training, counters, self._given, self._link.fileno(), self._link.send)
        channel = channel_kind(config).channel(side)
        self._training = training
        training.recorder.event(training.update, "started")
        if config.eval_every:
            evaluator.prepare()
        complete = training.run(channel, safe_point)
        channel.close()
        return complete

    def _save_last(self, complete: bool) -> tuple[ExitCode, str]:
        """The last snapshot; where none can be written, an exit code and why."""
        training, self._training = self._training, None
        if training is None or not training.between_updates:
            return ExitCode.DONE, ""
        try:
            path = training.last_snapshot()
        except OSError as error:
            training.recorder.close()
            return ExitCode.INPUT_OUTPUT, f"The last snapshot could not be written: {error.strerror or error}."
        training.recorder.close()
        why = "all updates are made" if complete else "asked to stop, or unable to go on"
        LOGGER.info("ends at update %s: %s; its last snapshot is %s", f"{training.update:,}", why, path)
        if trouble := training.recorder.metrics.trouble:
            return ExitCode.INPUT_OUTPUT, trouble
        return ExitCode.DONE, ""


def main(arguments: list[str], make_safe_point: Callable[[Link, Requests], SafePoint] = lambda _, ours: ours) -> None:
    """Entry of the process."""
    parser = argparse.ArgumentParser(prog="gwt_ib.processes.learner_process")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    for name in ("trainer", "memory", "control", "evaluator", "weights"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--blocks", type=int)  # this one and the following are of channels with shared memory
    for name in ("wakes", "handovers"):
        parser.add_argument(f"--{name}", type=int, nargs="*", default=[])
    given = parser.parse_args(arguments)
    die_with_parent(given.trainer)
    torch.set_num_threads(1)
    run = RunDirectory(given.run)
    config = run.read_config()
    start_log("learner", config.log_level)
    link = Link(socket.socket(fileno=given.control))
    requests = Requests(link)
    LearnerRun(run, config, link, given).train(requests, make_safe_point(link, requests), resume=given.resume)


if __name__ == "__main__":
    main(sys.argv[1:])
    leave()
