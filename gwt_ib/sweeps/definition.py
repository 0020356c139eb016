"""What a sweep is: tasks, seeds and settings of one TOML file, as the runs that they make; pure."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gwt_ib.config import Config
from gwt_ib.config_sources import build, load_preset, parse_toml, read_text
from gwt_ib.errors import ExitCode, UserError, nearest
from gwt_ib.sweeps.lines import Lines
from gwt_ib.sweeps.names import LONGEST_NAME, arm_label, member_name, value_words

TABLES = ("base", "grid", "arm")
MOST_RUNS = 10_000
OF_A_RUN = ("env_id", "seed")
"""Fields that say which run of an arm it is, and so cannot differ between arms."""
PROBLEMS_SHOWN = 3
MORE_FIELDS = re.compile(r" \d+ more field\(s\) are wrong too\.$")  # as `config_sources` counts them


@dataclass(frozen=True)
class Member:
    """One run of a sweep. `name` is that of its directory: the same for the same arm, grid values and seed, always."""

    name: str
    arm: str
    config: Config


@dataclass(frozen=True)
class Definition:
    """A whole sweep, in the order of its file."""

    members: tuple[Member, ...]
    text: str = field(default="", compare=False)
    """The file as it was read."""
    tasks_at: str = field(default="", compare=False)
    """Where its tasks stand: `FILE, line 4`."""

    def member(self, name: str) -> Member | None:
        """The run of this name, if there is one."""
        return next((member for member in self.members if member.name == name), None)

    @property
    def env_steps(self) -> int:
        """The environment steps of all runs."""
        return sum(member.config.num_updates * member.config.steps_per_update for member in self.members)


@dataclass(frozen=True)
class _Arm:
    """One `[[arm]]`: its place in the file, its name, its settings, and those of its preset, which all others go before."""

    place: int
    name: str
    settings: Mapping[str, Any]
    preset: Mapping[str, Any] = field(default_factory=dict)


def read_definition(path: Path) -> Definition:
    """The sweep that a TOML file describes, every combination checked. Raises `UserError` (78) that names the line."""
    return parse_definition(read_text(path), str(path))


def parse_definition(text: str, name: str) -> Definition:
    """The sweep that a text describes; `name` is what it is called in errors. Raises `UserError` (78)."""
    return _Reader(parse_toml(text, name), Lines(text, name)).read(text)


class _Reader:
    """Makes runs of what a file says, and every mistake a sentence with its line."""

    def __init__(self, found: Mapping[str, Any], lines: Lines) -> None:
        self._found = found
        self._lines = lines

    def read(self, text: str) -> Definition:
        """Every combination as a run. Raises `UserError`."""
        for table in self._found:
            if table not in TABLES:
                self._refuse_table(table)
        base, grid, arms = self._base(), self._grid(), self._arms()
        self._refuse_overlaps(base, grid, arms)
        count = math.prod(map(len, grid.values())) * len(arms)
        if count > MOST_RUNS:
            sizes = " x ".join([*(f"{len(values)} {name}" for name, values in grid.items()), f"{len(arms)} arm(s)"])
            raise self._error("grid", "", f"{sizes} are {count:,} runs, and a sweep may have {MOST_RUNS:,}")
        members: list[Member] = []
        problems: list[str] = []
        for values in itertools.product(*grid.values()):
            for arm in arms:
                try:
                    members.append(self._member(base, dict(zip(grid, values, strict=True)), arm))
                except UserError as error:
                    problems.append(error.message)
        if problems:
            raise UserError(_together(problems), ExitCode.BAD_CONFIGURATION)
        self._refuse_twins(members)
        return Definition(tuple(members), text, self._lines.place("grid" if "env_id" in grid else "base", "env_id"))

    def _member(self, base: Mapping[str, Any], point: Mapping[str, Any], arm: _Arm) -> Member:
        places = {name: self._lines.place("base", name) for name in base}
        places |= {name: self._lines.place("grid", name) for name in point}
        places |= {name: f"{self._lines.place('arm', name, arm.place)}, arm {arm.name!r}" for name in arm.settings}
        try:
            config = build({**arm.preset, **base, **point, **arm.settings}, places)
        except UserError as error:
            if "(" + self._lines.name in error.message:  # it says by itself where the value stands
                raise
            at = ", ".join(f"{name} = {value_words(value)}" for name, value in point.items())
            where = " with ".join(filter(None, (f"arm {arm.name!r}" if arm.name else "", at)))
            raise UserError(": ".join(filter(None, (self._lines.name, where, error.message))), error.code) from None
        axes = {name: getattr(config, name) for name in point if name not in OF_A_RUN}
        return Member(member_name(config, arm.name, axes), arm_label(arm.name, axes), config)

    def _base(self) -> Mapping[str, Any]:
        base = {name: value for name, value in self._table("base").items() if name != "preset"}
        for name, value in base.items():
            self._known(name, "base")
            if isinstance(value, list):
                raise self._error("base", name, f"{name} has a list here; several values stand in [grid]")
        return base

    def _grid(self) -> Mapping[str, list[Any]]:
        grid = self._table("grid")
        for name, values in grid.items():
            self._known(name, "grid")
            if not isinstance(values, list):
                raise self._error("grid", name, f"{name} needs a list here: {name} = [{value_words(values)}]")
            if not values:
                raise self._error("grid", name, f"{name} has no value")
            for place, value in enumerate(values):
                if any(_same(value, other) for other in values[:place]):
                    raise self._error("grid", name, f"{name} has the value {value_words(value)} twice")
            if any(isinstance(value, dict | list) for value in values):
                raise self._error("grid", name, f"{name} may have numbers, texts, true and false in its list")
        return grid

    def _arms(self) -> list[_Arm]:
        found = self._found.get("arm", [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise self._error("arm", "", "an arm is written as [[arm]], with two brackets, and a name below it")
        preset = self._preset(self._table("base"), "base")
        arms: list[_Arm] = []
        for place, each in enumerate(found):
            name = each.get("name")
            if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
                words = f'an arm needs a name of 1 to {LONGEST_NAME} printable characters: name = "budget"'
                raise self._error("arm", "name", words, place)
            if any(arm.name == name for arm in arms):
                raise self._error("arm", "name", f"two arms are called {name!r}", place)
            settings = {key: value for key, value in each.items() if key not in ("name", "preset")}
            for key in settings:
                self._known(key, "arm", place)
                if key in OF_A_RUN:
                    words = f"{key} cannot differ between arms: it stands in [grid] or [base]"
                    raise self._error("arm", key, words, place)
            arms.append(_Arm(place, name, settings, self._preset(each, "arm", place) or preset))
        return arms or [_Arm(0, "", {}, preset)]

    def _preset(self, table: Mapping[str, Any], name: str, place: int = 0) -> Mapping[str, Any]:
        """The settings of the preset that a table names; none where it names none. Raises `UserError`."""
        if "preset" not in table:
            return {}
        try:
            return load_preset(str(table["preset"]))
        except UserError as error:
            where = self._lines.place(name, "preset", place)
            raise UserError(f"{where}: {error.message}", error.code) from None

    def _table(self, name: str) -> Mapping[str, Any]:
        found = self._found.get(name, {})
        if not isinstance(found, dict):
            raise self._error(name, "", f"{name} is a table: [{name}]")
        return found

    def _known(self, field: str, table: str, place: int = 0) -> None:
        if field in Config.model_fields:
            return
        hint = nearest(field, Config.model_fields) or " `gwt-ib-tui config` lists every field."
        where = self._lines.place(table, field, place)
        raise UserError(f"Unknown field {field!r} ({where}).{hint}", ExitCode.BAD_CONFIGURATION)

    def _refuse_table(self, table: str) -> None:
        """Raises `UserError` for what a sweep does not have at its top level."""
        place = self._lines.place("", table) if table in self._lines.top else self._lines.place(table, "")
        if table in Config.model_fields:
            raise UserError(
                f"{place}: {table} stands outside of every table; a setting of all runs stands below [base].",
                ExitCode.BAD_CONFIGURATION,
            )
        hint = nearest(table, TABLES) or " A sweep has [base], [grid] and [[arm]]."
        raise UserError(f"{place}: unknown table {table!r}.{hint}", ExitCode.BAD_CONFIGURATION)

    def _refuse_overlaps(self, base: Mapping[str, Any], grid: Mapping[str, Any], arms: Sequence[_Arm]) -> None:
        """Raises `UserError` for a field that has a list in the grid and another value elsewhere."""
        for name in grid:
            if name in base:
                raise self._error("base", name, f"{name} stands in [grid] too: leave one of them out")
            for arm in arms:
                if name in arm.settings:
                    raise self._error("arm", name, f"{name} stands in [grid] too: leave one of them out", arm.place)

    def _refuse_twins(self, members: Sequence[Member]) -> None:
        """Raises `UserError` for two combinations that are the same run, or that would have one directory."""
        runs: dict[tuple[Any, ...], Member] = {}
        names: dict[str, Member] = {}
        for member in members:
            twin = runs.setdefault(tuple(member.config.model_dump().values()), member)
            if twin is not member:
                words = f"{twin.name} and {member.name} are the same run, setting for setting"
                raise UserError(f"{self._lines.name}: {words}: leave one of them out.", ExitCode.BAD_CONFIGURATION)
            other = names.setdefault(member.name.casefold(), member)
            if other is not member:
                words = f"two different runs would have one directory, {member.name}"
                raise UserError(f"{self._lines.name}: {words}: give an arm another name.", ExitCode.BAD_CONFIGURATION)

    def _error(self, table: str, field: str, words: str, place: int = 0) -> UserError:
        return UserError(f"{self._lines.place(table, field, place)}: {words}.", ExitCode.BAD_CONFIGURATION)


def _same(value: Any, other: Any) -> bool:
    """Whether two values are the same setting: 1 and 1.0 are, 1 and true are not."""
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)


def _together(problems: Sequence[str]) -> str:
    """The first problems, each once: the same one comes with every combination that it is in.

    So it does where a combination has further ones, which only counts them.
    """
    once: dict[str, str] = {}
    for problem in sorted(problems, key=len):
        once.setdefault(MORE_FIELDS.sub("", problem), problem)
    known = [problem for problem in dict.fromkeys(problems) if problem in once.values()]
    more = len(known) - PROBLEMS_SHOWN
    return " ".join([*known[:PROBLEMS_SHOWN], *([f"{more} more combination(s) are wrong too."] if more > 0 else [])])
