"""Which runs the sets consist of, and why each is dead or alive by construction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

from recording import Plan

AGAIN = "-again"
"""The ending of the name of a set that repeats another with other seeds."""

OWN = ("Now", "Before", "First", "Marked", "Reach", "Coin", "Late", "Level")


def env_id(task: str) -> str:
    """The id of a task: POPGym's, or one of the benchmark's own."""
    own = task in OWN or task.startswith(("Shuffled", "Tiny"))
    return f"gatecheck_tasks:{task}-v0" if own else f"popgym-{task}-v0"


def _plans(
    group: str, cause: str, tasks: tuple[str, ...], seeds: int, settings: dict[str, Any], bug: str = ""
) -> Iterator[Plan]:
    for task, seed in product(tasks, range(1, seeds + 1)):
        name = f"{group}/{cause}/{task}/{seed}".replace(" ", "-")
        yield Plan(name, group, cause, {"env_id": env_id(task), "seed": seed, **settings}, bug)


LEARNABLE = ("Now", "Before", "RepeatPreviousEasy", "HigherLowerEasy")
RECALL = ("Before", "First", "RepeatPreviousEasy", "RepeatPreviousMedium", "RepeatFirstEasy")
"""Without memory every answer is as good as any other in these; in POPGym's to a hundredth, as cards are not put back."""


def dead() -> Iterator[Plan]:
    """Runs whose returns cannot rise, or whose td_std is pinned."""
    any_task = (*LEARNABLE, "First", "Marked", "PositionOnlyCartPoleEasy", "CountRecallEasy")
    yield from _plans("dead", "lr is 0", any_task, 4, {"lr": 0.0})
    blind = ("Now", "Before", "First", "Marked", "RepeatPreviousEasy", "RepeatFirstEasy", "HigherLowerEasy")
    yield from _plans("dead", "gate shut", blind, 5, {"base_logit": -30.0, "td_scale": 0.0})
    # Without td_scale = 0 the gate itself would be a memory: a TD error holds the value of the observation before.
    yield from _plans("dead", "memory cut", RECALL, 8, {"memory": False, "td_scale": 0.0})
    shuffled = tuple(f"Shuffled{task}" for task in (*LEARNABLE, "First"))
    yield from _plans("dead", "rewards shuffled", shuffled, 7, {})
    yield from _plans("dead", "nothing to learn", ("Coin",), 12, {})
    yield from _plans("dead", "td_std at its floor", LEARNABLE, 3, {"td_std_min": 1.0})
    yield from _plans("dead", "td_std at its ceiling", LEARNABLE, 3, {"td_std_min": 1e-5, "td_std_max": 1e-3})
    tiny = tuple(f"Tiny{task}" for task in LEARNABLE)
    yield from _plans("dead", "rewards of a millionth", tiny, 3, {"td_scale_ema2": 0.98})
    yield from _plans("dead", "bug 4", LEARNABLE, 3, {}, "4")
    yield from _plans("dead", "bug 5", ("Late",), 8, {"seq_len": 2}, "5")
    yield from _plans("dead", "bug 6", ("Level", "PositionOnlyCartPoleEasy"), 5, {}, "6")


def living() -> Iterator[Plan]:
    """Runs that learn within seconds."""
    tasks = (*LEARNABLE, "Marked", "Reach", "Level", "HigherLowerMedium", "PositionOnlyCartPoleEasy")
    yield from _plans("living", "learns", (*tasks, "VelocityOnlyCartpoleEasy", "NoisyPositionOnlyCartPoleEasy"), 6, {})
    yield from _plans("living", "learns", ("Late",), 6, {"seq_len": 2})


PLAYED: dict[str, Any] = {"eval_gate_share": 1.0}
"""In a run of seconds a fiftieth is a handful of episodes; here replaced gates may take as much as the run itself."""
BUDGET: dict[str, Any] = {"lambda_c": 1.0, "target_c": 0.15}


def gate_matters() -> Iterator[Plan]:
    """Only a gate that opens at marked symbols, and hardly else, keeps to its budget and has what is asked for.

    Each arm has so many updates that all of its seeds learn the task: before that no gate can matter.
    """
    for name, updates, settings in (
        ("td", 80, {}),
        ("a small budget", 80, BUDGET),
        ("a small budget, 16 units", 160, {**BUDGET, "hidden_size": 16}),
        ("LSTM, a small budget", 120, {**BUDGET, "cell": "lstm"}),
        ("router, a small budget", 80, {**BUDGET, "gate": "router"}),
    ):
        yield from _plans(
            "gate-matters", name, ("Marked",), 13, {**PLAYED, "total_timesteps": 512 * updates, **settings}
        )


def gate_idle() -> Iterator[Plan]:
    """Gates that do not gate, or cannot matter: returns do not depend on what is done, or c enters nothing."""
    yield from _plans("gate-idle", "gate = open", ("Marked", "Before"), 6, {**PLAYED, "gate": "open"})
    yield from _plans("gate-idle", "gate = constant", ("Marked", "Before"), 6, {**PLAYED, "gate": "constant"})
    yield from _plans("gate-idle", "gate shut", ("Before",), 6, {**PLAYED, "base_logit": -30.0, "td_scale": 0.0})
    yield from _plans("gate-idle", "nothing to learn", ("Coin",), 14, PLAYED)
    yield from _plans(
        "gate-idle", "nothing to remember", ("First", "Before"), 6, {**PLAYED, "memory": False, "td_scale": 0.0}
    )
    yield from _plans("gate-idle", "rewards shuffled", ("ShuffledBefore", "ShuffledFirst"), 6, PLAYED)
    yield from _plans("gate-idle", "bug 1", ("Before",), 6, PLAYED, "1")


SPOILT: dict[str, tuple[str, dict[str, Any]]] = {
    "lr": ("Before", {"lr": 0.0}),
    "lr too small": ("Before", {"lr": 1e-8}),
    "lr too large": ("RepeatPreviousEasy", {"lr": 0.5}),
    "gamma": ("PositionOnlyCartPoleEasy", {"gamma": 0.0}),
    "clip_eps": ("Before", {"clip_eps": 1e-5}),
    "ent_coef": ("Before", {"ent_coef": 50.0}),
    "max_grad_norm": ("Before", {"max_grad_norm": 1e-9}),
    "vf_coef": ("Before", {"vf_coef": 1e5}),
    "td_std_min": ("Before", {"td_std_min": 1.0}),
    "td_std_max": ("Before", {"td_std_max": 0.004}),
    "base_logit": ("Before", {"base_logit": -200.0}),
    "base_logit too large": ("Marked", {"base_logit": 200.0}),
    "target_c": ("Marked", {"target_c": 1.0}),
    "lambda_c": ("Before", {"lambda_c": 1e3}),
    "memory": ("First", {"memory": False}),
    "hidden_size": ("RepeatPreviousMedium", {"hidden_size": 1}),
    "rollout_steps": ("RepeatPreviousEasy", {"rollout_steps": 2, "seq_len": 2, "total_timesteps": 960}),
    "total_timesteps": ("Before", {"total_timesteps": 8 * 64 * 6}),
    "eval_episodes": ("Before", {"eval_episodes": 2}),
    "eval_every": ("Before", {"eval_every": 0}),
    "eval_max_steps": ("Before", {"eval_max_steps": 1}),
}
"""By the setting that spoils a run, and how: a task that is learnt without it, and the setting."""


def spoilt() -> Iterator[Plan]:
    """Runs that one setting spoils: GateCheck should name it first."""
    for cause, (task, settings) in SPOILT.items():
        yield from _plans("spoilt", cause, (task,), 1, settings)


def again(plans: Callable[[], Iterator[Plan]]) -> Iterator[Plan]:
    """The same with seeds that nobody has seen while rules were made."""
    for plan in plans():
        yield replace(plan, name=f"{plan.name}+100", settings={**plan.settings, "seed": plan.settings["seed"] + 100})


SETS: dict[str, Callable[[], Iterator[Plan]]] = {
    "dead": dead, "living": living, "spoilt": spoilt, "gate-matters": gate_matters, "gate-idle": gate_idle,
}  # fmt: skip
SETS |= {f"{name}{AGAIN}": partial(again, plans) for name, plans in SETS.items()}
