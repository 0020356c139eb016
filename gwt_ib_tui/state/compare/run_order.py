"""By what a list of runs is ordered: its columns, each with the direction that it has by itself; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gwt_ib.errors import ExitCode, UserError, nearest
from gwt_ib.results.reference import task_of
from gwt_ib_tui.state.compare.run_summaries import RunSummary

BEST = "ep100"
"""The order of a list that nobody has ordered: the best on top."""
_STATES = ("running", "starting", "paused", "stalled", "failed", "killed", "stopped", "finished", "unknown")
_TRAINING = ("pass", "warn", "wait", "fail")
_GATE = ("works", "open", "constant", "shut", "decoration", "wait", "harmful")


@dataclass(frozen=True)
class By:
    """One column to order by: `key` gives what is compared, None for a run that has nothing and comes last."""

    name: str
    key: Callable[[RunSummary], Any]
    falling: bool = False
    """Whether the highest comes first."""
    is_return: bool = False
    """Whether it is a return, which can be compared within one task only."""


def _rank(words: Sequence[str]) -> Callable[[str], tuple[int, str]]:
    """The place of a word among those known; one that is not known comes after them."""
    places = {word: place for place, word in enumerate(words)}
    return lambda word: (places.get(word, len(places)), word)


def _settings(run: RunSummary) -> Any:
    values = [
        (0, float(value), "") if isinstance(value, int | float) else (1, 0.0, str(value)) for _, value in run.differs
    ]
    return values or None


_state, _training, _gate = map(_rank, (_STATES, _TRAINING, _GATE))
ORDERS: dict[str, By] = {
    by.name: by
    for by in (
        By("ep100", lambda run: run.ep100, falling=True, is_return=True),
        By("eval", lambda run: run.evaluation, falling=True, is_return=True),
        By("train", lambda run: _training(run.verdict)),
        By("gate", lambda run: _gate(run.gate)),
        By("tags", lambda run: sorted(run.labels.tags) or None),
        By("age", lambda run: None if run.info.created is None else -run.info.created),
        By("state", lambda run: _state(run.state)),
        By("done", lambda run: run.progress, falling=True),
        By("name", lambda run: run.title.lower()),
        By("task", lambda run: run.info.env_id.lower() or None),
        By("settings", _settings),
        By("seed", lambda run: run.info.seed),
    )
}
"""The columns in the order in which a key goes through them."""


@dataclass(frozen=True)
class Order:
    """A column and a direction, as a word: `ep100`, or `-ep100` for the other way round."""

    name: str = BEST
    turned: bool = False

    @classmethod
    def of(cls, word: str) -> Order:
        """Read one. Raises `UserError` (2) that names the columns."""
        name = word.removeprefix("-").lower()
        name = {"training": "train", "evaluation": "eval", "eval_return": "eval", "env_id": "task"}.get(name, name)
        if name not in ORDERS:
            near = nearest(name, ORDERS) or f" There are {', '.join(ORDERS)}."
            raise UserError(f"The list of runs has no column {name!r}.{near}", ExitCode.USAGE)
        return cls(name, word.startswith("-"))

    @property
    def word(self) -> str:
        """The order as it is read."""
        return f"-{self.name}" if self.turned else self.name

    @property
    def falling(self) -> bool:
        """Whether the highest comes first."""
        return ORDERS[self.name].falling != self.turned

    @property
    def arrow(self) -> str:
        """The direction in the header."""
        return "↓" if self.falling else "↑"

    def next(self) -> Order:
        """The next column, in its own direction."""
        names = list(ORDERS)
        return Order(names[(names.index(self.name) + 1) % len(names)])

    def reversed(self) -> Order:
        """The other way round."""
        return Order(self.name, not self.turned)

    def by(self, name: str) -> Order:
        """Ordered by this column, or where it is already, the other way round."""
        return self.reversed() if name == self.name else Order(name)


def ordered(runs: Sequence[RunSummary], order: Order) -> list[RunSummary]:
    """The runs in an order; where that makes no difference the best first, of equally good ones the newest.

    Of several tasks, returns are compared by their share of the way from floor to ceiling; the runs of tasks without
    these come after the others, task by task. Runs without a value come last, in either direction.
    """
    newest_first = sorted(runs, key=lambda run: (run.info.created or 0.0, run.name), reverse=True)
    best_first = _sorted(newest_first, ORDERS[BEST], falling=True)
    return _sorted(best_first, ORDERS[order.name], falling=order.falling)


def _sorted(runs: Sequence[RunSummary], by: By, *, falling: bool) -> list[RunSummary]:
    keys = {id(run): by.key(run) for run in runs}
    there = [run for run in runs if keys[id(run)] is not None]
    absent = [run for run in runs if keys[id(run)] is None]
    if by.is_return and len({run.info.env_id for run in there}) > 1:
        shares = {id(run): task_of(run.info.env_id).normalised(keys[id(run)]) for run in there}
        known = [run for run in there if shares[id(run)] is not None]
        unknown = _stable([run for run in there if shares[id(run)] is None], keys, falling)
        return [
            *_stable(known, shares, falling),
            *sorted(unknown, key=lambda run: run.info.env_id),
            *absent,
        ]
    return [*_stable(there, keys, falling), *absent]


def _stable(runs: Sequence[RunSummary], keys: dict[int, Any], falling: bool) -> list[RunSummary]:
    """Sorted; equal ones stay as they were, in either direction."""
    return sorted(runs, key=lambda run: keys[id(run)], reverse=falling)
