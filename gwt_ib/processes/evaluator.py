"""The evaluator process: plays evaluation episodes with weights that the learner gives it, and can be ended at any time.

Started by the trainer as `python -m gwt_ib.processes.evaluator`; what it prints goes to `logs/evaluator.log`. One request at
a time: `{"kind", "number", "version", "td_mean", "td_std", "weights"}` with the weights in shared memory; the answer has the
same number, and an `error`, or what the method of that kind in `training.evaluator.Evaluator` gives: `evaluate`, `replaced`
(with a `look`), `gate_record`.
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
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.log import LOGGER, start_log
from gwt_ib.model.weights import Weights
from gwt_ib.polling import readable
from gwt_ib.processes.children import die_with_parent, leave
from gwt_ib.processes.link import Link, Message
from gwt_ib.rollout.policy import Policy, make_policy
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.incidents import record_incident
from gwt_ib.training.evaluator import EvaluationError, LocalEvaluator
from gwt_ib.training.gate_budget import Look

SEND_S = 10.0  # thousands of returns are more than a socket takes at once; the learner waits for them


class Evaluator:
    """Answers the learner's requests; the environments are made for the first one."""

    def __init__(
        self,
        run: RunDirectory,
        config: Config,
        spec: EnvironmentSpec,
        link: Link,
        alive: int,
        weights: int,
        beat: memoryview,
        policy: Policy | None = None,
    ) -> None:
        self._run, self._config, self._link = run, config, link
        self._alive, self._weights = alive, weights
        self._waiting: list[Message] = []
        self._evaluator = LocalEvaluator(
            config, policy, spec, on_failure=self._record, beat=beat, should_stop=self._should_stop
        )

    def serve(self) -> None:
        """Answer requests until the learner or the trainer is gone."""
        while not self._link.closed:
            if not self._waiting:
                if self._alive in readable((self._link.fileno(), self._alive), None):
                    break
                self._waiting = self._link.receive()
            if self._waiting:
                request = self._waiting[-1]  # the learner waits for the newest alone
                self._waiting = []
                self._link.send({"number": request["number"], **self._answer(request)})
                self._link.flush(SEND_S)
        self._evaluator.close()

    def _answer(self, request: Message) -> dict[str, Any]:
        vector = np.frombuffer(os.pread(self._weights, 4 * int(request["weights"]), 0), np.float32)
        weights = Weights(request["version"], vector, request["td_mean"], request["td_std"])
        try:
            if request["kind"] == "replaced":
                return dict(vars(self._evaluator.replaced(weights, Look(**request["look"]))))
            if request["kind"] == "gate_record":
                return {"record": self._evaluator.gate_record(weights)}
            return dict(vars(self._evaluator.evaluate(weights)))
        except EvaluationError as error:
            return {"error": str(error)}

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
    Evaluator(run, config, spec, link, given.alive, given.weights, beat, policy).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
    leave()
