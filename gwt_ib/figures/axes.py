"""The axes of figures: what a metric and a place in the training are called in a paper, and in which units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from gwt_ib.figures.figure import Axis
from gwt_ib.runs.metrics import BY_NAME

XName = Literal["env_steps", "update", "elapsed_s"]
X_NAMES: Mapping[str, XName] = {"env_steps": "env_steps", "updates": "update", "time": "elapsed_s"}
"""The axes by the words of the command line."""

TOGETHER = "+"
"""Between the names of metrics that share a panel."""
METRIC_LABELS: Mapping[str, str] = {
    "env_steps": "env steps",
    "elapsed_s": "s of training",
    "update": "updates",
    "ep100": "return, last 100 episodes",
    "eval_return": "return, evaluation",
    "ep_return": "return of episodes",
    "mmer": "best mean return so far",
    "ep_len100": "length of episodes (env steps)",
    "explained_variance": "explained variance",
    "td_mean": "mean TD error",
    "td_std": "scale of TD errors",
    "mean_c": "mean gate c",
    "target_c": "target of the gate",
    "bias": "bias of the prior (logits)",
    "entropy": "policy entropy (nats)",
    "approx_kl": "approximate KL (nats)",
    "steps_per_s": "env steps per second",
    "lr": "learning rate",
    "rho_td_c": "correlation of |TD| with c",
    "rho_tail": "correlation of |TD| with c, tail",
}


def metric_axis(names: Sequence[str], *, log: bool = False) -> Axis:
    """The axis of the values of a metric, or of several, which is named after their unit where they have one."""
    first, *others = names
    unit = BY_NAME[first].unit if first in BY_NAME else ""
    label = METRIC_LABELS.get(first) or first.replace("_", " ") + (f" ({unit})" if unit else "")
    if others:
        units = {BY_NAME[name].unit if name in BY_NAME else "" for name in names}
        label = unit if len(units) == 1 and unit else "value"
    return Axis(TOGETHER.join(names), label, "log" if log else "linear")


def place_axis(name: XName, largest: float, limits: tuple[float, float] | None = None) -> Axis:
    """The axis of where in the training something was; `largest` is the highest value on it."""
    if name == "elapsed_s":
        unit, divisor = ("h", 3600.0) if largest >= 7200 else ("min", 60.0) if largest >= 120 else ("s", 1.0)
        return Axis(name, f"training time ({unit})", "linear", divisor, limits)
    words = "env steps" if name == "env_steps" else "updates"
    if largest >= 1e6:
        return Axis(name, f"{words} (millions)", "linear", 1e6, limits)
    if largest >= 1e4:
        return Axis(name, f"{words} (thousands)", "linear", 1e3, limits)
    return Axis(name, words, "linear", 1.0, limits)
