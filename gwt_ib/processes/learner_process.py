"""The learner process: builds agent and channel, runs the training loop, answers the trainer at safe points.

Started by the trainer as `python -m gwt_ib.processes.learner_process`; what it prints goes to `logs/learner.log`. The serial
channel runs the actors in here too.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from gwt_ib.channel import LearnerChannel
from gwt_ib.channel.serial import SerialChannel
from gwt_ib.channel.shared_memory import LocalLearnerChannel, MemoryLayout
from gwt_ib.config import Config
from gwt_ib.envs.env_batch import EpisodeError
from gwt_ib.envs.make import check_environment
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.learn.gradient import learns_by_kernels
from gwt_ib.learn.learner import Learner, NotFiniteError
from gwt_ib.log import LOGGER, start_log
from gwt_ib.model.agent import Agent
from gwt_ib.processes.children import Link, Message, die_with_parent
from gwt_ib.processes.plan import learner_threads
from gwt_ib.rollout.policy import make_policy
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import event
from gwt_ib.runs.snapshot_store import newest_good_snapshot
from gwt_ib.training.loop import SafePoint, Training


class Requests:
    """Answers the trainer's messages at a safe point: pause, unpause, snapshot, evaluate, set, stop."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._paused = False

    def __call__(self, training: Training) -> bool:
        """Deal with everything that has come in; while paused, wait for more. True when the run is to stop."""
        messages = self._link.receive()
        if messages:
            training.recorder.write_verdict()  # a reader now sees the update at which it was answered
        while True:
            for message in messages:
                if self._answer(message, training):
                    return True
            if self._link.closed:
                return True
            if not self._paused:
                return False
            messages = self._link.receive(timeout_s=None)

    def _answer(self, message: Message, training: Training) -> bool:
        """Deal with one message and acknowledge it; True when the run is to stop."""
        kind = str(message["kind"])
        answer: Message = {"result": "done", "message": ""}
        try:
            answer |= self._obey(kind, message, training)
        except UserError as error:
            answer = {"result": "refused", "message": error.message}
        except EpisodeError as error:
            answer = {"result": "refused", "message": f"the evaluation failed: {error}"}
        except OSError as error:
            answer = {"result": "refused", "message": error.strerror or str(error)}
        level = logging.WARNING if answer["result"] == "refused" else logging.INFO
        words = [kind, f"{answer['result']} at update {training.update:,}", answer["message"]]
        LOGGER.log(level, ": ".join(word for word in words if word))
        where = {"update": training.update, "env_steps": training.env_steps}
        self._link.send(event("acknowledged", request=message.get("request"), request_kind=kind, **answer, **where))
        return kind == "stop"

    def _obey(self, kind: str, message: Message, training: Training) -> Message:
        """Do what a message asks; returns what its acknowledgement says of it."""
        request = message.get("request")
        if kind in ("pause", "unpause"):
            wanted = kind == "pause"
            if self._paused == wanted:
                return {"message": "already paused" if wanted else "was not paused"}
            self._paused = wanted
            training.recorder.event(training.update, f"{kind}d")
        elif kind == "snapshot":
            return {"path": str(training.snapshot(request))}
        elif kind == "evaluate":
            returns = training.evaluate(request)
            return {"message": f"mean return {sum(returns) / len(returns):.4f} over {len(returns)} episodes"}
        elif kind == "set":
            return {"message": training.change_setting(message["field"], message["value"], request)}
        return {}


def run_learner(
    run: RunDirectory, config: Config, resume: bool, link: Link, descriptors: argparse.Namespace, safe_point: SafePoint
) -> None:
    """Train until the end or a stop; reports to the trainer over `link`, at last `{"kind": "ended", "code", ...}`."""
    code, message, complete = ExitCode.DONE, "", False
    try:
        spec = check_environment(config)
        learner = Learner(Agent(spec.observation_size, spec.actions, config), config)
        training = Training(run, config, learner, link.send)
        LOGGER.info(
            "pid %d, torch %s on %s, one thread; %s weights, %d values an observation, actions %s; learns by %s",
            os.getpid(), torch.__version__, config.device, f"{learner.flat.vector.numel():,}",
            spec.observation_size, spec.action_space,
            f"kernels, {learner_threads(config)} thread(s)" if learns_by_kernels(config) else "torch",
        )  # fmt: skip
        if resume:
            _resume(training, run)
        channel = make_channel(config, spec, training, link, descriptors)
        training.recorder.event(training.update, "started")
        complete = training.run(channel, safe_point)
        channel.close()
        path = training.snapshot()
        training.recorder.close()
        why = "all updates are made" if complete else "asked to stop"
        LOGGER.info("ends at update %s: %s; its last snapshot is %s", f"{training.update:,}", why, path)
    except NotFiniteError as error:
        code, message = ExitCode.LEARNER_FAILED, f"Learning came to a number that is not finite: {error}."
    except UserError as error:
        code, message = error.code, error.message
    except OSError as error:
        LOGGER.error("cannot go on", exc_info=True)
        code, message = ExitCode.INPUT_OUTPUT, f"The learner cannot go on: {error.strerror}: {error.filename or ''}."
    if message:
        LOGGER.error("ends: %s", message)
    link.send({"kind": "ended", "code": int(code), "message": message, "complete": complete})


def make_channel(
    config: Config, spec: EnvironmentSpec, training: Training, link: Link, descriptors: argparse.Namespace
) -> LearnerChannel:
    """The learner's side of the channel that the configuration names."""
    if config.channel == "serial":
        policy = make_policy(spec.observation_size, spec.actions, config)
        return SerialChannel(config, policy, training.episodes + 1, training.update)
    return LocalLearnerChannel(
        MemoryLayout(spec.observation_size, spec.actions, config),
        descriptors.memory,
        blocks=descriptors.blocks,
        wakes=descriptors.wakes,
        control=link.fileno(),
        first_block=training.update,
        episodes=training.episodes,
    )


def _resume(training: Training, run: RunDirectory) -> None:
    path, snapshot, refused = newest_good_snapshot(run.snapshots)
    try:
        training.restore(snapshot)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} does not fit this run: {error}.", ExitCode.BAD_DATA) from None
    for sentence in refused:
        training.recorder.warn(training.update, f"passed over a bad snapshot: {sentence}")
    LOGGER.info("goes on from update %s with the snapshot %s", f"{training.update:,}", path)
    training.recorder.event(training.update, "resumed", path=str(path))


def main(arguments: list[str], make_safe_point: Callable[[Link], SafePoint] = Requests) -> None:
    """Entry of the process."""
    parser = argparse.ArgumentParser(prog="gwt_ib.processes.learner_process")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    for name in ("trainer", "memory", "blocks", "control"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--wakes", type=int, nargs="*", default=[])
    given = parser.parse_args(arguments)
    die_with_parent(given.trainer)
    torch.set_num_threads(1)
    run = RunDirectory(given.run)
    config = run.read_config()
    start_log("learner", config.log_level)
    link = Link(socket.socket(fileno=given.control))
    run_learner(run, config, given.resume, link, given, make_safe_point(link))


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # torch's clean-up at exit takes longer than everything that is left to do
