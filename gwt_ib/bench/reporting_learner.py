"""The learner process of a bench: that of a run, and after each update it reports where the time went.

Started as `python -m gwt_ib.bench.reporting_learner` by `measure`. After the measured updates it looks once at the memory of
all processes. Then it measures sgemm in alternation with the last updates: a machine that is slow for a while is then slow
for both. What a safe point takes is in no section.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from gwt_ib import descendants
from gwt_ib.bench.measure import COMPARED
from gwt_ib.bench.reference_products import Sgemm, flop_per_sample, learner_products
from gwt_ib.model.experience import SECTIONS
from gwt_ib.processes.children import leave
from gwt_ib.processes.learner_process import main
from gwt_ib.processes.link import Link, Message
from gwt_ib.processes.plan import learner_threads
from gwt_ib.processes.requests import Requests
from gwt_ib.training.loop import Training

_KIB = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_MODULE = re.compile(r"gwt_ib\.\w+\.\w*(learner|actor|evaluator)")


class Reporting:
    """The safe point of a bench: reports each update to the trainer, then answers it as in a run."""

    def __init__(self, link: Link, requests: Requests) -> None:
        self._link = link
        self._requests = requests
        self._update = 0
        self._sgemm: Sgemm | None = None

    def __call__(self, training: Training) -> bool:
        """Report the newest update; True when the run is to stop."""
        if training.update > self._update:
            self._update = training.update
            message: Message = {"kind": "update", "update": training.update, "learner": training.sections.take()}
            mean_actor = training.actor_seconds.mean(axis=0).tolist()
            message["actors"] = dict(zip(SECTIONS, mean_actor, strict=True))
            compared = training.update - training.config.num_updates + COMPARED
            if compared == 1:  # before sgemm has memory of its own
                message["memory"] = list(run_memory(os.getppid()))
            if compared >= 1 and training.config.device == "cpu":
                message |= self._products(training)
            self._link.send(message)
        return self._requests(training)

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


def run_memory(trainer: int) -> Iterator[Message]:
    """Name and memory (`now` and `peak`, bytes) of the process `trainer` and of its children.

    A page that n processes map counts as an n-th of a page; where the system does not say, it counts in full. What a
    process once had and gave back (its high-water mark above what it has now) was its own. One that ends meanwhile is left
    out.
    """
    parent = psutil.Process(trainer)
    for process in (parent, *parent.children()):
        try:
            command = " ".join(process.cmdline())
            module = _MODULE.search(command)
            other = "guard" if descendants.__file__ in command else str(process.name())
            name = "trainer" if process is parent else module[1] if module else other
            proc = Path(f"/proc/{process.pid}")
            if (proc / "smaps_rollup").exists():
                share, status = _kib(proc / "smaps_rollup")["Pss"], _kib(proc / "status")
                now, given_back = share * 1024, max(0, status["VmHWM"] - status["VmRSS"]) * 1024
            else:
                now, given_back = int(process.memory_info().rss), 0
        except (psutil.Error, OSError):
            continue
        yield {"name": name, "now": now, "peak": now + given_back}


def _kib(path: Path) -> dict[str, int]:
    return {name: int(number) for name, number in _KIB.findall(path.read_text(encoding="utf-8", errors="replace"))}


if __name__ == "__main__":
    main(sys.argv[1:], Reporting)
    leave()
