"""How long a sweep takes: said before it starts, from what was measured for that or from what has been trained."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gwt_ib.config import Config
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.machine import usable_cores
from gwt_ib.sweeps.checks import Found, environment_key
from gwt_ib.sweeps.states import MemberState, time_left

LEARNING = (
    "num_envs", "rollout_steps", "seq_len", "epochs", "minibatches", "refresh_h0", "hidden_size", "cell",
    "encoder_layers", "head_layers", "memory", "channel", "num_actors",
    "max_policy_lag", "kernels", "learner_threads", "device",
)  # fmt: skip
"""The fields that decide what acting and learning cost beside the environment."""
WARM_UP, UPDATES = 2, 6
START_S = 3.0
"""Of each run: its processes load their libraries."""
LEAST_STEPS = 300_000
"""What is not longer than this is done before a measurement would pay."""
BUSY = 0.87
"""The share of its time in which a run's actors, or its learner's threads, keep their cores busy (docs/sweeps.md)."""

Measure = Callable[[Config, EnvironmentSpec], float | None]
"""Seconds for an env step of a run that trains alone."""


@dataclass(frozen=True)
class Estimate:
    """How long what is left takes, and from what that is known, in words."""

    env_steps: int
    seconds: float | None
    source: str


def estimate(states: Sequence[MemberState], found: Found, parallel: int, measure: Measure) -> Estimate:
    """The time that the runs still take, so many side by side."""
    still = [state for state in states if state.status not in ("finished", "failed")]
    left = sum(max(state.total_steps - state.env_steps, 0) for state in still)
    if not still:
        return Estimate(0, 0.0, "nothing is left to train")
    trained = time_left(states, parallel)
    if trained is not None:
        starts = START_S * math.ceil(len(still) / parallel)
        return Estimate(left, trained + starts, "by the speed of what has been trained so far, side by side as it was")
    costs = learning_costs(still, found, measure) if is_to_be_measured(states) else {}
    if not costs:
        return Estimate(left, None, "known once the first run has trained")
    typical = statistics.fmean(costs.values())
    alone = [
        START_S
        + state.total_steps * (_environment_s(state.member.config, found) + costs.get(_learning(state), typical))
        for state in still
    ]
    gain = speed_up(parallel, [state.member.config for state in still])
    # No number of runs makes the environments' own steps quicker than all cores do.
    stepping = sum(state.total_steps * found.step_s.get(environment_key(state.member.config), 0.0) for state in still)
    seconds = max(sum(alone) / gain, max(alone) * min(parallel, len(alone)) / gain, stepping / usable_cores())
    source = (
        f"{UPDATES} updates were measured alone, each task's own steps for a moment; {parallel} side by side were taken "
        f"to be {gain:.2f} times as fast as one"
    )
    return Estimate(left, seconds, source)


def is_to_be_measured(states: Sequence[MemberState]) -> bool:
    """Whether the time is known only by a measurement, and the sweep is long enough for one."""
    return not any(state.steps_per_s for state in states) and sum(state.total_steps for state in states) >= LEAST_STEPS


def learning_costs(still: Sequence[MemberState], found: Found, measure: Measure) -> Mapping[tuple[object, ...], float]:
    """Seconds an env step beside the environment's own, by what decides them: of the two that most steps have."""
    weights: Counter[tuple[object, ...]] = Counter()
    examples: dict[tuple[object, ...], Config] = {}
    for state in still:
        weights[_learning(state)] += state.total_steps
        known = examples.get(_learning(state))
        # The quickest environment shows best what the rest costs.
        if known is None or _environment_s(state.member.config, found) < _environment_s(known, found):
            examples[_learning(state)] = state.member.config
    costs: dict[tuple[object, ...], float] = {}
    for key, _ in weights.most_common(2):
        config = examples[key]
        spec = found.specs.get(environment_key(config))
        whole = None if spec is None else measure(config, spec)
        if whole is not None:
            costs[key] = max(whole - _environment_s(config, found), 0.2 * whole)
    return costs


def measure_alone(config: Config, spec: EnvironmentSpec) -> float | None:
    """Seconds for an env step of a short run that is thrown away; None where it cannot be made."""
    from gwt_ib.bench.measure import bench_config, measure
    from gwt_ib.errors import ExitCode, UserError

    if config.channel == "ray":  # no cluster is joined for that
        config = config.model_copy(update={"channel": "local"})
    try:
        reports = measure(bench_config(config, UPDATES, WARM_UP), spec, lambda update: None)
    except UserError as error:
        if error.code in (ExitCode.ENDED_BY_INT, ExitCode.ENDED_BY_TERM, ExitCode.ENDED_BY_HUP):
            raise
        return None
    seconds = [sum(report["learner"].values()) for report in reports[WARM_UP : WARM_UP + UPDATES]]
    return statistics.median(seconds) / config.steps_per_update if seconds else None


def speed_up(parallel: int, configs: Sequence[Config], cores: int | None = None) -> float:
    """How much more so many runs side by side make than one alone: what a run alone leaves of the cores."""
    cores = usable_cores() if cores is None else cores
    busy = statistics.fmean(
        max(1.0, BUSY * (min(config.num_actors, cores) + min(config.learner_threads, cores)) / 2) for config in configs
    )
    return max(1.0, min(parallel, cores / busy))


def _learning(state: MemberState) -> tuple[object, ...]:
    return tuple(getattr(state.member.config, name) for name in LEARNING)


def _environment_s(config: Config, found: Found) -> float:
    """Seconds that the environment adds to an env step: its own time, shared by the actors that have a core."""
    step_s = found.step_s.get(environment_key(config), 0.0)
    return step_s / max(1, min(config.num_actors, usable_cores()))
