"""The learner's side of the evaluator process: hands it weights, waits for returns, and never longer than it must."""

from __future__ import annotations

import os
from typing import Any

from gwt_ib.channel.shared_memory import Counters
from gwt_ib.log import LOGGER
from gwt_ib.model.weights import Weights
from gwt_ib.polling import readable
from gwt_ib.processes.link import Link, Message
from gwt_ib.processes.requests import Requests
from gwt_ib.rollout.evaluation import Played
from gwt_ib.rollout.replaced_gate import Replaced
from gwt_ib.training.evaluator import EvaluationError
from gwt_ib.training.gate_budget import Look

WAIT_S = 1.0  # between two signs of life of a learner that waits
MOST_DEATHS = 2  # of the evaluator in one evaluation
MOST_HANGS = 1


class _EvaluatorLostError(EvaluationError):
    """The process died, or was killed as it had hung."""

    def __init__(self, words: str, hung: bool) -> None:
        super().__init__(words)
        self.hung = hung


class RemoteEvaluator:
    """A `training.evaluator.Evaluator`. The trainer starts the process and says when it is lost."""

    def __init__(self, link: Link, weights: int, counters: Counters, requests: Requests) -> None:
        """`weights` is the descriptor of memory that both sides share."""
        self._link, self._weights, self._counters, self._requests = link, weights, counters, requests
        self._number = 0
        self._gone = ""

    def prepare(self) -> None:
        """Have the process started, so that it is there when it is needed."""
        self._requests.tell({"kind": "evaluator_wanted"})

    def evaluate(self, weights: Weights) -> Played:
        """What `eval_episodes` episodes came to. Raises `EvaluationError`, also where the run is asked to stop."""
        answer = self._request("evaluate", weights)
        return Played(answer["returns"], answer["lengths"], answer["steps"])

    def replaced(self, weights: Weights, look: Look) -> Replaced:
        """What some of them come to with the gate replaced. Raises `EvaluationError`, as `evaluate`."""
        answer = self._request("replaced", weights, look=vars(look))
        return Replaced(answer["returns"], answer["steps"], answer["longest"])

    def gate_record(self, weights: Weights) -> dict[str, Any]:
        """All of them with every replacement and in windows of steps. Raises `EvaluationError`, as `evaluate`."""
        record: dict[str, Any] = self._request("gate_record", weights)["record"]
        return record

    def _request(self, kind: str, weights: Weights, **fields: Any) -> Message:
        """The answer of the process to a request about these weights. Raises `EvaluationError`."""
        if self._gone:
            raise EvaluationError(self._gone)
        self.prepare()
        try:
            os.ftruncate(self._weights, weights.vector.nbytes)
            os.pwrite(self._weights, weights.vector.tobytes(), 0)
        except OSError as error:
            raise EvaluationError(f"there is no memory for the weights: {error.strerror}") from error
        about = {"version": weights.version, "td_mean": weights.td_mean, "td_std": weights.td_std}
        header = self._counters.header
        header[Counters.EVALUATING] = 1
        try:
            return self._ask_firmly({"kind": kind, "weights": len(weights.vector), **about, **fields})
        finally:
            header[Counters.EVALUATING] = 0

    def _ask_firmly(self, request: Message) -> Message:
        """What comes of it is the same in another process, unless an environment ends or hangs its process each time."""
        deaths = hangs = 0
        while True:
            try:
                return self._ask(request)
            except _EvaluatorLostError as error:
                deaths, hangs = deaths + 1, hangs + error.hung
                if deaths > MOST_DEATHS or hangs > MOST_HANGS:
                    raise
                LOGGER.warning("%s; the evaluation is begun again", error)

    def _ask(self, request: Message) -> Message:
        self._number += 1
        self._link.send({"number": self._number, **request})
        while True:
            self._counters.beat()
            ready = readable((self._link.fileno(), self._requests.fileno()), WAIT_S)
            if self._requests.fileno() in ready:
                self._heed_the_trainer()
            for message in self._link.receive():
                if message["number"] == self._number:
                    if "error" in message:
                        raise EvaluationError(message["error"])
                    return message

    def _heed_the_trainer(self) -> None:
        self._requests.listen()
        if lost := self._requests.take("evaluator_lost"):
            if lost["for_good"]:
                self._gone = f"there is no evaluator any more: at last it {lost['message']}"
                raise EvaluationError(self._gone)
            raise _EvaluatorLostError(f"the evaluator {lost['message']}", lost["hung"])
        if self._requests.stop_wanted:
            raise EvaluationError("the run was asked to end meanwhile")
