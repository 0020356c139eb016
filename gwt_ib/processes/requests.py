"""What the trainer asks of the learner, answered at the safe point between two updates."""

from __future__ import annotations

import logging
from collections import deque

from gwt_ib.errors import UserError
from gwt_ib.log import LOGGER
from gwt_ib.processes.link import Link, Message
from gwt_ib.rollout.evaluation import mean_return
from gwt_ib.runs.events import event
from gwt_ib.training.evaluator import EvaluationError
from gwt_ib.training.loop import Training

WAIT_S = 1.0  # between two signs of life of a paused learner


class Requests:
    """A `SafePoint` that answers messages: pause, unpause, snapshot, evaluate, evaluate_gate, set, stop, hand_over."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._waiting: deque[Message] = deque()
        self._paused = False

    @property
    def stop_wanted(self) -> bool:
        """Whether the run is to stop, or has nobody left to report to."""
        return self._link.closed or any(message["kind"] == "stop" for message in self._waiting)

    def fileno(self) -> int:
        """The descriptor, to wait for something to read."""
        return self._link.fileno()

    def listen(self, timeout_s: float = 0.0) -> None:
        """Take in what has come, to be answered at the next safe point."""
        self._waiting += self._link.receive(timeout_s)

    def take(self, kind: str) -> Message | None:
        """The oldest message of a kind, out of its turn."""
        found = next((message for message in self._waiting if message["kind"] == kind), None)
        if found is not None:
            self._waiting.remove(found)
        return found

    def tell(self, message: Message) -> None:
        """Send the trainer a message."""
        self._link.send(message)

    def __call__(self, training: Training) -> bool:
        """Deal with everything that has come in; while paused, wait for more. True when the run is to stop."""
        self.listen()
        if self._waiting:
            training.recorder.write_verdict()  # a reader now sees the update at which it was answered
        while True:
            while self._waiting:
                if self._answer(self._waiting.popleft(), training):
                    return True
            if self._link.closed:
                return True
            if not self._paused:
                return False
            training.beat()
            training.saving.report(training.update)
            self.listen(WAIT_S)

    def _answer(self, message: Message, training: Training) -> bool:
        """Deal with one message and acknowledge it; True when the run is to stop."""
        kind = str(message["kind"])
        if kind == "evaluator_lost":  # between two evaluations: the next one gets another process
            return False
        if kind == "hand_over":
            training.handovers[message["actor"]] = message["generation"], message["fresh"]
            return False
        answer: Message = {"result": "done", "message": ""}
        try:
            answer |= self._obey(kind, message, training)
        except UserError as error:
            answer = {"result": "refused", "message": error.message}
        except EvaluationError as error:
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
            return {"message": f"mean return {mean_return(returns):.4f} over {len(returns)} episodes"}
        elif kind == "evaluate_gate":
            return {"message": training.evaluate_gate(request).words}
        elif kind == "set":
            return {"message": training.change_setting(message["field"], message["value"], request)}
        return {}
