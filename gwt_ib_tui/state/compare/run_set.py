"""Several runs followed at once: one thread polls a `Feed` of each in turn and publishes one frozen view of them all."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.runs.directory import RunDirectory, list_runs
from gwt_ib.runs.labels import read_labels
from gwt_ib.runs.settings import differing, groups_of
from gwt_ib_tui.state.run.feed import Feed, Limits
from gwt_ib_tui.state.run.follower import Follower
from gwt_ib_tui.state.run.run_view import RunView

MOST_RUNS = 60
"""Twelve settings of five seeds; as many as there are `LETTERS`."""
LETTERS = ascii_uppercase + "123456789" + ascii_lowercase.replace("l", "")
COLORS = 12  # as many as `Palette.runs` has
FIRST_COLORS = 8  # of these, those that differ most
NEIGHBOURS = 8
SMALL = Limits(rows=256, buckets=512, moments=2, events=1, log_lines=0)  # about 1 MB a run
BUDGET_S = 0.2  # reading between two publications


@dataclass(frozen=True, eq=False)
class RunEntry:
    """One of several runs: its letter and colour, in what it differs from the others, and all that is known of it.

    `key` is its directory's full path; `group` the number of its setting, which it shares with its other seeds.
    """

    key: str
    directory: RunDirectory
    name: str
    letter: str
    color: int
    group: int
    differs: tuple[tuple[str, Any], ...]
    run_view: RunView
    label: str = ""
    """What the user calls it."""

    @property
    def env_id(self) -> str:
        """The environment."""
        return (self.run_view.config or self.run_view.run).env_id

    @property
    def seed(self) -> int | None:
        """The seed."""
        return (self.run_view.config or self.run_view.run).seed

    @property
    def verdict(self) -> str:
        """GateCheck's newest word on training."""
        return (self.run_view.verdict or Verdict("wait")).status

    @property
    def gate(self) -> str:
        """GateCheck's newest word on the gate."""
        return (self.run_view.verdict or Verdict("wait")).gate.status


@dataclass(frozen=True, eq=False)
class RunSetView:
    """The runs at one moment, in the order they were named; `groups` has the places of the seeds of each setting."""

    version: int = 0
    entries: tuple[RunEntry, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()

    @property
    def loading(self) -> bool:
        """Whether a run's history is still being read."""
        return any(entry.run_view.loading is not None for entry in self.entries)


class RunSet(Follower):
    """Follows the runs that `choose` gives, at most `MOST_RUNS` of them; the thread rests while they are not on screen.

    `choose` is called in the thread, whenever `wake` is, so that runs that began meanwhile come in.
    """

    def __init__(
        self, choose: Callable[[], Sequence[RunDirectory]], interval: float = 0.5, limits: Limits = SMALL
    ) -> None:
        super().__init__("runs", self._follow)
        self._choose = choose
        self._interval = interval
        self._limits = limits
        self._looked_at = False
        self.resting = False  # the thread waits for `wake`, and reads nothing
        self._to_choose = True
        self._feeds: dict[str, tuple[RunDirectory, Feed]] = {}
        self._turn = 0
        self._colors: dict[str, int] = {}
        self._letters: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._published: tuple[RunView, ...] = ()
        self.view = RunSetView()

    def wake(self) -> None:
        """Follow from now on, beginning with a look at which runs there are."""
        self._to_choose = self._looked_at = True
        self.start()

    def rest(self) -> None:
        """Read nothing until `wake`."""
        self._looked_at = False

    def poll(self) -> bool:
        """Take in what is new of each run, for about `BUDGET_S`, and publish it; true when there is more to read."""
        if self._to_choose:
            self._to_choose = False
            self._take(self._choose())
        feeds = [feed for _, feed in self._feeds.values()]
        deadline = time.monotonic() + BUDGET_S
        more = False
        for _ in feeds:
            self._turn = (self._turn + 1) % len(feeds)
            more |= feeds[self._turn].poll()
            if time.monotonic() > deadline:  # the next round goes on with the next run
                more = True
                break
        self._publish()
        return more

    def read_everything(self) -> RunSetView:
        """Read all runs to their ends, without the thread."""
        while self.poll():
            pass
        return self.view

    def _follow(self) -> float | None:
        self.resting = not self._looked_at
        if self.resting:
            return None
        return 0.005 if self.poll() else self._interval

    def _take(self, chosen: Sequence[RunDirectory]) -> None:
        """Follow these runs; of those that are followed already nothing is read again."""
        runs = {str(run.path.resolve()): run for run in reversed(chosen)}
        kept = list(dict.fromkeys(str(run.path.resolve()) for run in chosen))[:MOST_RUNS]
        self._feeds = {
            key: self._feeds.get(key) or (runs[key], Feed(runs[key], self._interval, self._limits)) for key in kept
        }
        short = Counter(Path(key).name for key in kept)
        # A run's colour comes from its directory's name, with the path where two have the same.
        names = {Path(key).name if short[Path(key).name] == 1 else key: key for key in kept}
        before = {name: self._colors[key] for name, key in names.items() if key in self._colors}
        self._colors = {names[name]: color for name, color in colors_of(names, before).items()}
        self._letters = letters_of(kept, self._letters)
        self._labels = {key: read_labels(run).name for key, (run, _) in self._feeds.items()}

    def _publish(self) -> None:
        run_views = tuple(feed.run_view for _, feed in self._feeds.values())
        if run_views == self._published:  # a view equals itself alone
            return
        self._published = run_views
        configs = [run_view.config for run_view in run_views]
        groups = groups_of(configs)
        group_of = {place: number for number, places in enumerate(groups) for place in places}
        entries = [
            RunEntry(
                key=key,
                directory=self._feeds[key][0],
                name=Path(key).name,
                letter=self._letters[key],
                color=self._colors[key],
                group=group_of[place],
                differs=differs,
                run_view=run_view,
                label=self._labels[key],
            )
            for place, (key, run_view, differs) in enumerate(
                zip(self._feeds, run_views, differing(configs), strict=True)
            )
        ]
        if any(len(places) > 1 for places in groups):
            import_module("scipy.stats")  # here in the thread: a key that shows intervals shall not wait for it
        self.view = RunSetView(self.view.version + 1, tuple(entries), tuple(groups))


def neighbours(run: RunDirectory, most: int = NEIGHBOURS) -> list[RunDirectory]:
    """The run, then at most `most` others in its folder: those of the same environment first, the newest first."""
    here = run.path.resolve()
    env_id = run.read_run().env_id
    others = [other for other in reversed(list_runs(here.parent)) if other.path != here]
    others.sort(key=lambda other: other.read_run().env_id != env_id)
    return [run, *others[:most]]


def colors_of(names: Iterable[str], before: Mapping[str, int] | None = None) -> dict[str, int]:
    """The number of each run's colour, from 0.

    It comes from the name. Where two names give the same one, the later in the alphabet takes the next free one; those
    that differ most are used up first, and of more runs than colours each colour gets equally many. Runs in `before`
    keep theirs.
    """
    known = dict(before or {})
    names = set(names)
    taken = [0] * COLORS
    for name in names & known.keys():
        taken[known[name] % COLORS] += 1
    for name in sorted(names - known.keys()):
        first = int.from_bytes(hashlib.sha256(name.encode(errors="replace")).digest()[:8], "big") % FIRST_COLORS
        known[name] = min(range(COLORS), key=partial(_colors_rank, taken, first))
        taken[known[name]] += 1
    return {name: known[name] % COLORS for name in names}


def _colors_rank(taken: Sequence[int], first: int, number: int) -> tuple[int, bool, int]:
    """The least is the colour of a run whose name gives `first`."""
    return taken[number], number >= FIRST_COLORS, (number - first) % FIRST_COLORS


def letters_of(names: Iterable[str], before: Mapping[str, str] | None = None) -> dict[str, str]:
    """A letter or digit for each run, in the order given; those in `before` keep theirs."""
    names = list(dict.fromkeys(names))
    known = {name: letter for name, letter in (before or {}).items() if name in names}
    free = iter([letter for letter in LETTERS if letter not in known.values()])
    return {name: known[name] if name in known else next(free, "?") for name in names}
