"""The learner process of a bench: that of a run, and after each update it reports where the time went.

Started as `python -m gwt_ib.bench.reporting_learner` by `measure`. After the measured updates it looks once at the memory of
all processes. Then it measures sgemm in alternation with the last updates: a machine that is slow for a while is then slow
for both. What a safe point takes is in no section.
"""

from __future__ import annotations

import os
import sys

from gwt_ib.bench.measure import COMPARED
from gwt_ib.bench.memory import run_memory
from gwt_ib.bench.products import Sgemm, flop_per_sample, learner_products
from gwt_ib.model.experience import SECTIONS
from gwt_ib.processes.learner_process import Requests, main
from gwt_ib.processes.link import Link, Message
from gwt_ib.processes.plan import learner_threads
from gwt_ib.training.loop import Training


class Reporting:
    """The safe point of a bench: reports each update to the trainer, then answers it as in a run."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._requests = Requests(link)
        self._update = 0
        self._sgemm: Sgemm | None = None

    def __call__(self, training: Training) -> bool:
        """Report the newest update; True when the run is to stop."""
        if training.update > self._update:
            self._update = training.update
            message: Message = {"kind": "update", "update": training.update, "learner": training.sections.take()}
            message["actors"] = self._actors(training)
            compared = training.update - training.config.num_updates + COMPARED
            if compared == 1:  # before sgemm has memory of its own
                message["memory"] = [vars(process) for process in run_memory(os.getppid())]
            if compared >= 1 and training.config.device == "cpu":
                message |= self._products(training)
            self._link.send(message)
        return self._requests(training)

    def _actors(self, training: Training) -> dict[str, float]:
        """The sections of the newest blocks, the mean over the actors."""
        return dict(zip(SECTIONS, training.actor_seconds.mean(axis=0).tolist(), strict=True))

    def _products(self, training: Training) -> Message:
        """How long torch takes for the products of the learner's sizes."""
        agent = training.learner.agent
        sizes = (training.config, agent.encoder.in_features, agent.head.outputs)
        products = learner_products(*sizes)
        if self._sgemm is None:
            self._sgemm = Sgemm(products)
            self._sgemm.seconds()  # the first time is slower: memory and code are new
        described = [{**vars(product), "flop": product.flop} for product in products]
        flop, threads = flop_per_sample(*sizes), learner_threads(training.config)
        known = {"threads": threads, "flop_per_sample": flop, "products": described}
        return {"sgemm": known, "sgemm_seconds": self._sgemm.seconds()}


if __name__ == "__main__":
    main(sys.argv[1:], Reporting)
    sys.stdout.flush()
    os._exit(0)  # as in a run
