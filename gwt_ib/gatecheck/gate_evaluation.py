"""What replacing the gate was found to cost: `gate_evaluation.json`, made when it is asked for, read leniently.

A difference is learned less replaced, over pairs of episodes of the same seed and action noise; its interval is Student's
at 95 % over the pairs. It is of one look: the verdict on the gate, which looks many times, is another matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gwt_ib.clock import utc_now
from gwt_ib.durable import write_json
from gwt_ib.gatecheck.findings import Effect
from gwt_ib.lenient import mapping, mappings, read_object, real, whole
from gwt_ib.replacements import LEARNED, REPLACEMENTS
from gwt_ib.runs.directory import RunDirectory

FORMAT = 1
CONFIDENCE = 0.95
HELD = ("shut", "open")

Returns = Sequence[float | None]


@dataclass(frozen=True)
class StepEffects:
    """What the gate of each window of an episode's steps is worth."""

    edges: tuple[int, ...] = ()
    """Window i is the steps from `edges[i]` up to `edges[i + 1]`."""
    mean_c: tuple[float | None, ...] = ()
    """The learned gate's mean in each window."""
    td: tuple[float | None, ...] = ()
    """The mean |TD error| that drove it."""
    effects: Mapping[str, tuple[Effect, ...]] = field(default_factory=dict, hash=False)
    """By `shut` and `open`: the gate is that in a window alone."""

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> StepEffects | None:
        """Read what `as_dict` made; None where it holds no windows."""
        edges = tuple(edge for edge in map(whole, _list(record.get("edges"))) if edge is not None)
        if len(edges) < 2:
            return None
        size = len(edges) - 1
        mean_c, td = (tuple(map(real, _filled(record.get(name), size))) for name in ("mean_c", "td"))
        effects = {
            word: tuple(Effect.from_dict(mapping(each)) for each in _filled(record.get(word), size))
            for word in HELD
            if record.get(word)
        }
        return cls(edges, mean_c, td, effects)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        effects = {word: [dict(vars(effect)) for effect in each] for word, each in self.effects.items()}
        return {"edges": list(self.edges), "mean_c": list(self.mean_c), "td": list(self.td), **effects}


@dataclass(frozen=True)
class GateEvaluation:
    """Episodes of one version of the weights, with the learned gate and with others in its place."""

    time: float | None = None
    """When it was made, as a time stamp."""
    update: int | None = None
    env_steps: int | None = None
    episodes: int = 0
    mean_c: float | None = None
    """The learned gate's mean, which `constant` was."""
    eval_return: float | None = None
    """The mean return with the learned gate."""
    effects: tuple[Effect, ...] = ()
    returns: Mapping[str, Returns] = field(default_factory=dict, hash=False)
    """By word, `learned` first: None for an episode whose environment failed."""
    steps: StepEffects | None = None

    @property
    def words(self) -> str:
        """What each replacement costs, on one line; an interval that has 0 inside is marked as what may be chance."""
        found = []
        for each in self.effects:
            if each.difference is not None:
                sure = each.low is not None and each.high is not None and each.low * each.high > 0
                found.append(f"{each.gate} {each.difference:+.3g}{'' if sure else ' (may be chance)'}")
        return f"in place of the learned gate costs: {', '.join(found)}" if found else "no replacement makes sense"

    @classmethod
    def of(cls, record: Mapping[str, Any], update: int | None, env_steps: int | None) -> GateEvaluation:
        """From what was played (`rollout.memory_use.gate_record`)."""
        returns: Mapping[str, Returns] = record["returns"]
        learned = returns[LEARNED]
        effects = tuple(effect(word, learned, each, env_steps) for word, each in returns.items() if word != LEARNED)
        known = [value for value in learned if value is not None]
        steps = record.get("steps")
        if steps is not None:
            by_word = {
                word: tuple(effect(word, learned, each, env_steps) for each in steps[word])
                for word in HELD
                if word in steps
            }
            steps = StepEffects(tuple(steps["edges"]), tuple(steps["mean_c"]), tuple(steps["td"]), by_word)
        mean = sum(known) / len(known) if known else None
        return cls(utc_now(), update, env_steps, len(learned), record["mean_c"], mean, effects, returns, steps)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> GateEvaluation | None:
        """Read what `as_dict` made; None for anything else. Never raises."""
        listed = mapping(record.get("returns"))
        returns = {
            word: tuple(map(real, _list(listed.get(word)))) for word in (LEARNED, *REPLACEMENTS) if listed.get(word)
        }
        if record.get("format") != FORMAT or LEARNED not in returns:
            return None
        return cls(
            real(record.get("time")),
            whole(record.get("update")),
            whole(record.get("env_steps")),
            len(returns[LEARNED]),
            real(record.get("mean_c")),
            real(record.get("eval_return")),
            tuple(found for found in map(Effect.from_dict, mappings(record.get("effects"))) if found.gate),
            returns,
            StepEffects.from_dict(mapping(record.get("steps"))),
        )

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "format": FORMAT,
            **vars(self),
            "effects": [dict(vars(effect)) for effect in self.effects],
            "returns": {word: list(each) for word, each in self.returns.items()},
            "steps": None if self.steps is None else self.steps.as_dict(),
        }


def effect(word: str, learned: Returns, replaced: Returns, step: int | None) -> Effect:
    """What the learned gate is worth against one replacement; without an interval where there are fewer than two pairs."""
    pairs = zip(learned, replaced, strict=True)
    differences = [mine - other for mine, other in pairs if mine is not None and other is not None]
    if len(differences) < 2:
        return Effect(word, differences[0] if differences else None, None, None, len(differences), step)
    import numpy as np
    from scipy.stats import t

    values = np.array(differences)
    mean, error = float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5
    if abs(mean) <= 1e-12 * float(np.abs(values).max()):  # differences that cancel leave a rounding
        mean = 0.0
    half = float(t.ppf(0.5 + CONFIDENCE / 2, len(values) - 1)) * error
    return Effect(word, mean, mean - half, mean + half, len(values), step)


def read_gate_evaluation(run: RunDirectory) -> GateEvaluation | None:
    """The newest one of a run; None where there is none, or nothing can be made of it."""
    return GateEvaluation.from_dict(read_object(run.gate_evaluation))


def write_gate_evaluation(run: RunDirectory, evaluation: GateEvaluation) -> None:
    """Keep it with the run, in place of the one before. Raises `OSError`."""
    write_json(run.gate_evaluation, evaluation.as_dict())


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _filled(value: object, size: int) -> list[Any]:
    """As many values as there are windows."""
    return (_list(value) + [None] * size)[:size]
