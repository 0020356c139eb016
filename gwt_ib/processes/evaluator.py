"""The evaluator process: plays evaluation episodes with weights that the learner gives it, and can be ended at any time.

Started by the trainer as `python -m gwt_ib.processes.evaluator`; what it prints goes to `logs/evaluator.log`. One request at
a time: `{"kind": "evaluate", "number", "td_mean", "td_std", "weights"}` with the weights in shared memory; the answer has
the same number, and `returns` or an `error`.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path
from typing import Any

import numpy as np

from gwt_ib.channel.shared_memory import Counters
from gwt_ib.config import Config
from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import UserError
from gwt_ib.log import LOGGER, start_log
from gwt_ib.polling import readable
from gwt_ib.processes.children import die_with_parent, leave
from gwt_ib.processes.link import Link, Message
from gwt_ib.rollout.evaluation import EvaluationStopped, evaluate, evaluation_envs
from gwt_ib.rollout.policy import Policy, make_policy
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.incidents import record_incident

SEND_S = 10.0  # thousands of returns are more than a socket takes at once; the learner waits for them


class Evaluator:
    """Owns the environments of evaluations, which are made for the first one, and the policy."""

    def __init__(
        self,
        run: RunDirectory,
        config: Config,
        spec: EnvironmentSpec,
        link: Link,
        alive: int,
        weights: int,
        beat: memoryview,
    ) -> None:
        self._run, self._config, self._spec, self._link = run, config, spec, link
        self._alive, self._weights, self._beat = alive, weights, beat
        self._envs: EnvBatch | None = None
        self._waiting: list[Message] = []

    def serve(self, policy: Policy) -> None:
        """Answer requests until the learner or the trainer is gone."""
        while not self._link.closed:
            if not self._waiting:
                if self._alive in readable((self._link.fileno(), self._alive), None):
                    break
                self._waiting = self._link.receive()
            if self._waiting:
                request = self._waiting[-1]  # the learner waits for the newest alone
                self._waiting = []
                self._link.send({"number": request["number"], **self._answer(request, policy)})
                self._link.flush(SEND_S)
        if self._envs is not None:
            self._envs.close()

    def _answer(self, request: Message, policy: Policy) -> dict[str, Any]:
        vector = np.frombuffer(os.pread(self._weights, 4 * int(request["weights"]), 0), np.float32)
        policy.write(vector)
        try:
            if self._envs is None:
                self._envs = evaluation_envs(self._config, on_failure=self._record, beat=self._beat, spec=self._spec)
            td = request["td_mean"], request["td_std"]
            returns = evaluate(policy, *td, self._config, self._envs, should_stop=self._should_stop)
        except EvaluationStopped:
            return {"error": "it was stopped"}
        except EpisodeError as error:
            self._record(error)
            self._give_up()
            return {"error": str(error)}
        except UserError as error:
            self._give_up()
            return {"error": error.message}
        return {"returns": returns}

    def _record(self, error: EpisodeError) -> None:
        """A failure costs its episode; what it was is kept."""
        path = record_incident(self._run, self._config, error)
        LOGGER.warning("%s; the incident is %s", error, path, exc_info=error)

    def _should_stop(self) -> bool:
        """Whether there is a newer request, or nobody left to answer."""
        if self._alive in readable((self._alive,), 0.0):
            return True
        self._waiting += self._link.receive()
        return bool(self._waiting) or self._link.closed

    def _give_up(self) -> None:
        """The next evaluation gets new environments."""
        if self._envs is not None:
            self._envs.close()
        self._envs = None


def main(arguments: list[str]) -> None:
    """Entry of the process."""
    parser = argparse.ArgumentParser(prog="gwt_ib.processes.evaluator")
    parser.add_argument("--run", type=Path, required=True)
    for name in ("trainer", "memory", "weights", "learner", "alive"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args(arguments)
    die_with_parent(given.trainer)
    run = RunDirectory(given.run)
    config = run.read_config()
    start_log("evaluator", config.log_level)
    spec = run.read_environment()
    policy = make_policy(spec.observation_size, spec.actions, config)
    policy.prepare()
    beat = Counters.open(given.memory, config).evaluator_word
    LOGGER.info("pid %d evaluates %s in %d episodes", os.getpid(), config.env_id, config.eval_episodes)
    link = Link(socket.socket(fileno=given.learner))
    Evaluator(run, config, spec, link, given.alive, given.weights, beat).serve(policy)


if __name__ == "__main__":
    main(sys.argv[1:])
    leave()
