"""An actor in a worker process of Ray: collects a block with the weights that it is given, and returns it as bytes."""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gwt_ib.cluster.desk import COUNTERS, LOG, actor_folder
from gwt_ib.cluster.nodes import this_machine
from gwt_ib.config import Config
from gwt_ib.descendants import VARIABLE
from gwt_ib.envs.check import MOVED
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import UserError, error_text
from gwt_ib.log import LOGGER, start_log
from gwt_ib.machine import ONE_THREAD
from gwt_ib.model.experience import BlockSpec
from gwt_ib.model.weights import Weights
from gwt_ib.rollout.collect import Collector, Progress
from gwt_ib.rollout.open_episodes import Carried
from gwt_ib.rollout.policy import make_policy
from gwt_ib.runs.incidents import incident_record

Note = dict[str, Any]
"""What an actor has to say beside its work: `kind`, `message`, and for a failure of an environment its `incident`."""


class Answer(NamedTuple):
    """What a call came to: an `error` ends the actor, and with a `code` the run. It goes as a dict, as `Weights` do."""

    notes: list[Note]
    error: str = ""
    code: int = 0
    block: NDArray[np.uint8] | None = None


class RemoteActor:
    """Actor number `actor` of a run, in generation `name`; its methods are called one after the other."""

    def __init__(self, config: Mapping[str, Any], spec: Mapping[str, Any], actor: int, mark: str, name: str) -> None:
        self._config, self._spec = Config(**config), EnvironmentSpec.from_dict(dict(spec))
        self._actor, self._mark, self._name = actor, mark, name
        self._notes: list[Note] = []

    def hello(self) -> dict[str, str]:
        """Where it is, as soon as it has a place: node, host and versions."""
        import ray

        return {"node": ray.get_runtime_context().get_node_id(), **this_machine()}

    def prepare(self) -> dict[str, Any]:
        """Load what acts."""
        os.environ.update(ONE_THREAD)
        os.environ[VARIABLE] = f"{self._mark}/{self._name}"  # what environments start from here on can be found by it
        folder = actor_folder(self._mark, self._name)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._print_into(folder / LOG)
        start_log(f"actor-{self._actor}", self._config.log_level)
        count = self._config.envs_per_actor
        with (folder / COUNTERS).open("w+b") as file:
            file.truncate((2 + count) * 8)
            self._counters = np.frombuffer(mmap.mmap(file.fileno(), (2 + count) * 8), np.int64)
        self._counters[2:] = -1
        self._block_memory = np.zeros(BlockSpec(*self._sizes, self._config).nbytes, np.uint8)
        self._block = BlockSpec(*self._sizes, self._config).view(memoryview(self._block_memory.data))
        return self._answer(self._load)

    @property
    def _sizes(self) -> tuple[int, Any]:
        return self._spec.observation_size, self._spec.actions

    def _load(self) -> None:
        if self._config.kernels == "torch":
            import torch

            torch.set_num_threads(1)
        self._policy = make_policy(*self._sizes, self._config)
        self._policy.prepare()
        LOGGER.info("pid %d on %s is ready, one thread", os.getpid(), this_machine()["host"])

    def begin(self, episodes: NDArray[np.int64], carried: Mapping[str, NDArray[Any]] | None) -> dict[str, Any]:
        """Make the environments: they go on where `carried` says, or begin the episodes after those numbered."""

        def make() -> None:
            progress = Progress(self._counters[:1], self._counters[2:], memoryview(self._counters.data)[1:2])
            known = None if carried is None else Carried.from_tensors(carried)
            self._collector = Collector(
                self._config, self._actor, self._policy, episodes + 1, progress, known, self._report_failure, self._spec
            )
            replayed = self._collector.replayed
            if known is not None and not replayed.all():
                first = self._actor * self._config.envs_per_actor
                which = ", ".join(str(first + i) for i, kept in enumerate(replayed.tolist()) if not kept)
                sentence = f"environments that did not play their episode again begin a new one: {which}"
                self._note("not_restored", sentence)

        return self._answer(make)

    def collect(self, given: Mapping[str, Any], number: int, waited_s: float) -> dict[str, Any]:
        """Collect block `number` with the fields of `Weights`; it comes as bytes."""
        weights = Weights(**given)

        def collect() -> None:
            self._policy.write(weights.vector)
            self._collector.collect(self._block, number, weights.version, weights.td_mean, weights.td_std, waited_s)
            if self._collector.envs.clipped and MOVED not in self._spec.notes and not self._moved_said:
                self._moved_said = True
                self._note("warning", MOVED)

        answer = self._answer(collect)
        return answer if answer["error"] else {**answer, "block": self._block_memory}

    _moved_said = False

    def _answer(self, work: Callable[[], None]) -> dict[str, Any]:
        """Do the work. Nothing of an environment's own exceptions leaves this machine but words."""
        error, code = "", 0
        try:
            work()
        except EpisodeError as failure:
            self._report_failure(failure)
            error = str(failure)
        except UserError as failure:
            error, code = failure.message, int(failure.code)
        except Exception as failure:  # noqa: BLE001 - whatever an environment raises
            LOGGER.critical("ended by an exception", exc_info=failure)
            error = error_text(failure)
        notes, self._notes = self._notes, []
        return Answer(notes, error, code)._asdict()

    def _note(self, kind: str, message: str, **fields: Any) -> None:
        LOGGER.warning(message)
        self._notes.append({"kind": kind, "message": message, **fields})

    def _report_failure(self, error: EpisodeError) -> None:
        LOGGER.warning("%s", error, exc_info=error)
        incident = incident_record(self._config, error, self._actor)
        self._notes.append({"kind": "environment_failed", "message": str(error), "incident": incident})

    @staticmethod
    def _print_into(log: Any) -> None:
        """From here on all that is printed goes into a file of ours, as a local actor's does."""
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (1, 2):
            os.dup2(descriptor, stream)
        os.close(descriptor)
        sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115 - a descriptor
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115


def remote_actor(config: Config, spec: Mapping[str, Any], actor: int, mark: str, name: str, shunned: list[str]) -> Any:
    """Ask for a new actor, wherever the cluster has room but on the `shunned` nodes."""
    import ray

    options: dict[str, Any] = {"num_cpus": config.ray_cpus, "scheduling_strategy": "SPREAD", "max_restarts": 0}
    if config.ray_memory_mb:
        options["memory"] = int(config.ray_memory_mb * 2**20)
    if config.ray_resources:
        options["resources"] = resources(config.ray_resources)
    if shunned:
        options["label_selector"] = {"ray.io/node-id": f"!in({','.join(shunned)})"}
    return ray.remote(RemoteActor).options(**options).remote(config.model_dump(), dict(spec), actor, mark, name)


def resources(text: str) -> dict[str, float]:
    """`fast=1,arm=0.5` as numbers; the configuration has checked its form."""
    pairs = (each.split("=") for each in text.split(","))
    return {name.strip(): float(amount) for name, amount in pairs}
