"""Where a sweep's runs are trained, as a user asks for it, and the executor that does it there."""

from __future__ import annotations

from dataclasses import dataclass

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError, nearest
from gwt_ib.processes.check import to_stderr
from gwt_ib.sweeps.definition import Definition
from gwt_ib.sweeps.directory import SweepDirectory
from gwt_ib.sweeps.executor import Executor
from gwt_ib.sweeps.parallel import default_parallel, refuse_too_many
from gwt_ib.sweeps.states import SweepReader

PLACES = ("local", "ray")


@dataclass(frozen=True)
class Place:
    """What is asked for: `parallel` is None for as many runs side by side as are best there."""

    on: str = "local"
    address: str = ""
    parallel: int | None = None

    def arguments(self) -> list[str]:
        """The same for the command line of a process of ours."""
        parallel = [] if self.parallel is None else ["--parallel", str(self.parallel)]
        return ["--on", self.on, "--address", self.address, *parallel]

    @property
    def is_elsewhere(self) -> bool:
        """Whether runs are trained on nodes that may have what this machine has not; a cluster knows of its GPUs."""
        return self.on == "ray" and bool(self.address)

    @property
    def words(self) -> str:
        """Such as `this machine`."""
        return "this machine" if self.on == "local" else f"{self.on} {self.address}".strip()


def settle(place: Place, definition: Definition) -> int:
    """How many runs go side by side there. Raises `UserError` where that is not possible, or there is no such place."""
    if place.on not in PLACES:
        known = ", ".join(PLACES)
        raise UserError(f"--on {place.on}: the places are {known}.{nearest(place.on, PLACES)}", ExitCode.USAGE)
    configs = [member.config for member in definition.members]
    if place.on == "ray":
        return _settle_on_ray(place, configs)
    if place.address:
        raise UserError("--address is that of a cluster: it needs --on ray.", ExitCode.USAGE)
    parallel = default_parallel(configs) if place.parallel is None else min(place.parallel, len(configs))
    refuse_too_many(configs, parallel)
    return parallel


def make_executor(place: Place, sweep: SweepDirectory, parallel: int) -> Executor:
    """What trains the runs of a sweep there. Raises `UserError` where that is not possible."""
    if place.on == "ray":
        from gwt_ib.sweeps.nodes.on_ray import RayExecutor

        states = SweepReader(sweep, sweep.read_definition()).read().members
        executor = RayExecutor(place.address, most=parallel if place.parallel is not None else None)
        try:
            executor.check([each.member.config for each in states if each.status != "finished"])
        except BaseException:
            executor.close()
            raise
        return executor
    from gwt_ib.sweeps.local import LocalExecutor

    return LocalExecutor(parallel)


def _settle_on_ray(place: Place, configs: list[Config]) -> int:
    """How many runs the cluster has room for now. What is to be said of it goes to stderr."""
    from gwt_ib.cluster.connection import need_ray
    from gwt_ib.sweeps.nodes.node_room import refuse, room_here
    from gwt_ib.sweeps.nodes.on_ray import RayExecutor

    need_ray("sweep --on ray")
    for config in configs:
        refuse(config)
    if not place.address:  # a process can start Ray only once: that is for the executor
        return max(1, min(place.parallel or len(configs), room_here(configs), len(configs)))
    executor = RayExecutor(place.address)
    try:
        for sentence in executor.check(configs):
            to_stderr(sentence)
        return max(1, min(place.parallel or executor.room(), len(configs)))
    finally:
        executor.close()
