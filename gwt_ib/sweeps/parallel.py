"""How many runs go side by side: by the cores and the memory of the machine, and by what one run takes of them."""

from __future__ import annotations

from collections.abc import Iterable

import psutil

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.machine import usable_cores
from gwt_ib.processes.limits import descriptors_needed, raise_descriptor_limit

MIB = 1 << 20
RUN_MIB = 375
"""Trainer and learner of a run, by measurement (docs/performance.md, "Scale")."""
PROCESS_MIB = 112
"""Each actor, and the evaluator."""
OF_THE_SWEEP = 64
"""Descriptors of the sweep itself: streams, libraries, the checks of environments."""
OF_A_RUN = 4


def default_parallel(configs: Iterable[Config], cores: int | None = None) -> int:
    """The number that made the most of a machine where it was measured (docs/sweeps.md): a run for each core.

    While the learner of one learns, the actors of another collect. Not more than fit into the memory, at least one.
    """
    configs = list(configs)
    wanted = usable_cores() if cores is None else cores
    return max(1, min(wanted, len(configs), most_in_memory(configs)))


def is_wide(configs: Iterable[Config], parallel: int) -> bool:
    """Whether so many runs side by side have more actors or threads than there are cores, each of them several."""
    cores = usable_cores()
    widest = max((max(config.num_actors, config.learner_threads) for config in configs), default=1)
    return parallel > 1 and widest > 1 and widest * parallel > cores


def memory_bytes(config: Config) -> int:
    """What one run takes, roughly and rather too much."""
    actors = config.num_actors if config.channel == "local" else 0
    evaluator = 1 if config.eval_every else 0
    blocks = 3 * config.steps_per_update * 2048  # three rollouts, of observations that are not pictures
    return (RUN_MIB + PROCESS_MIB * (actors + evaluator)) * MIB + blocks


def most_in_memory(configs: Iterable[Config]) -> int:
    """How many of the largest of these runs fit into the memory that is free now."""
    largest = max(map(memory_bytes, configs), default=RUN_MIB * MIB)
    return int(psutil.virtual_memory().available // largest)


def refuse_too_many(configs: Iterable[Config], parallel: int) -> None:
    """Raises `UserError` (69) where so many runs do not fit into the memory, or may not have the files that they need."""
    configs = list(configs)
    fitting = most_in_memory(configs)
    if fitting < parallel:
        largest = max(map(memory_bytes, configs))
        free = psutil.virtual_memory().available
        raise UserError(
            f"{parallel} run(s) side by side need about {parallel * largest // MIB:,} MiB of memory, and "
            f"{free // MIB:,} MiB are free: "
            + (f"use --parallel {fitting}." if fitting else "free some, or use fewer actors."),
            ExitCode.RESOURCES_USED_UP,
        )
    raise_descriptor_limit(max(OF_THE_SWEEP + OF_A_RUN * parallel, *map(descriptors_needed, configs)))
