"""The names that metrics have in other tools' files: ours, or those of CleanRL and Stable-Baselines3 where they have one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from gwt_ib.lenient import real
from gwt_ib.runs.metrics import NUMBERS

Style = Literal["ours", "cleanrl", "sb3"]
GROUP = "gwt_ib/"
"""What stands before a name of ours among others' names, and wherever a tool groups its charts by what is before a slash."""


@dataclass(frozen=True)
class Alias:
    """Another tool's name of a metric, and by what our value is multiplied to be its."""

    name: str
    factor: int = 1
    why: str = ""
    """What differs from that tool's metric, for docs/exports.md."""


ALIASES: Mapping[Style, Mapping[str, Alias]] = MappingProxyType(
    {
        "ours": {},
        "cleanrl": {
            "env_steps": Alias("global_step"),
            "steps_per_s": Alias("charts/SPS", why="of the update; there since the start"),
            "lr": Alias("charts/learning_rate"),
            "ep_return": Alias("charts/episodic_return", why="mean of the update's episodes; there each episode"),
            "ep_len100": Alias("charts/episodic_length", why="mean of 100 episodes; there each episode"),
            "policy_loss": Alias("losses/policy_loss"),
            "value_loss": Alias("losses/value_loss"),
            "entropy": Alias("losses/entropy"),
            "approx_kl": Alias("losses/approx_kl"),
            "clip_fraction": Alias("losses/clipfrac"),
            "explained_variance": Alias("losses/explained_variance"),
        },
        "sb3": {
            "update": Alias("time/iterations"),
            "env_steps": Alias("time/total_timesteps"),
            "elapsed_s": Alias("time/time_elapsed"),
            "steps_per_s": Alias("time/fps", why="of the update; there since the start"),
            "lr": Alias("train/learning_rate"),
            "ep100": Alias("rollout/ep_rew_mean"),
            "ep_len100": Alias("rollout/ep_len_mean"),
            "policy_loss": Alias("train/policy_gradient_loss"),
            "value_loss": Alias("train/value_loss", 2, "ours is half the squared error"),
            "entropy": Alias("train/entropy_loss", -1, "the negative of the entropy"),
            "approx_kl": Alias("train/approx_kl"),
            "clip_fraction": Alias("train/clip_fraction"),
            "explained_variance": Alias("train/explained_variance"),
            "eval_return": Alias("eval/mean_reward"),
        },
    }
)


class Naming:
    """The names of one export. `grouped`: a metric that keeps our name is always `gwt_ib/NAME`, not only among aliases."""

    def __init__(self, style: Style = "ours", *, grouped: bool = False) -> None:
        self._aliases = ALIASES[style]
        self._group = GROUP if grouped or style != "ours" else ""

    def name(self, metric: str) -> str:
        """What a metric is called."""
        return self._alias(metric).name

    def number(self, metric: str, row: Mapping[str, Any]) -> int | float | None:
        """The value of a metric in a row; None where it has no finite number. Whole numbers stay whole."""
        value, factor = row.get(metric), self._alias(metric).factor
        if real(value) is None:
            return None
        number = sized(value)  # type: ignore[arg-type]  # `real` takes nothing else
        return number if factor == 1 else factor * number

    def numbers(self, row: Mapping[str, Any]) -> dict[str, int | float]:
        """The metrics of a row that are one number, under their names; what has none is left out, as a gap."""
        found = {self.name(metric): self.number(metric, row) for metric in NUMBERS}
        return {name: number for name, number in found.items() if number is not None}

    def _alias(self, metric: str) -> Alias:
        return self._aliases.get(metric) or Alias(self._group + metric)


def sized(number: int | float) -> int | float:
    """The same number; one that needs more than 64 bits is no count of ours, and a float for tools that know none such."""
    return number if isinstance(number, float) or abs(number) < 2**63 else float(number)


def names_table() -> list[str]:
    """The table of docs/exports.md: a row for each metric that has another name somewhere."""

    def cell(style: Style, metric: str) -> str:
        alias = ALIASES[style].get(metric)
        if alias is None:
            return ""
        times = "" if alias.factor == 1 else f" = {alias.factor} x ours"
        return f"`{alias.name}`{times}" + (f" ({alias.why})" if alias.why else "")

    known = [metric for metric in NUMBERS if metric in ALIASES["cleanrl"] or metric in ALIASES["sb3"]]
    rows = [f"| `{metric}` | {cell('cleanrl', metric)} | {cell('sb3', metric)} |" for metric in known]
    return ["| ours | `--names cleanrl` | `--names sb3` |", "|---|---|---|", *rows]
