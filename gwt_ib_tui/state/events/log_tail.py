"""The newest part of what all processes of a run log and print, in the order of time, in bounded memory and time."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gwt_ib_tui.state.events.log_file import LogFile, LogLine

LINES_KEPT = 4000
FIRST_BYTES = 256 << 10  # read of each file at first
FIRST_BYTES_IN_ALL = 4 << 20
FILES_AT_ONCE = 64  # looked at in one step: a run may have thousands of actors


@dataclass(frozen=True, eq=False)
class LogView:
    """What was read so far; the same object as before when nothing came, else one of the next `version`.

    `older` says that there are lines before these, not read or kept no more. `serious` holds the newest lines at
    WARNING and above, which a flood of others does not push out. `counts` are records by process and level since the
    beginning of what was read.
    """

    folder: Path | None = None
    lines: tuple[LogLine, ...] = ()
    serious: tuple[LogLine, ...] = ()
    processes: tuple[str, ...] = ()
    counts: Mapping[tuple[str, int], int] = field(default_factory=dict)
    problem: str = ""
    version: int = 0
    older: bool = False

    def count(self, process: str, least: int) -> int:
        """How many records a process has written at a level or above it; all processes for an empty name."""
        return sum(number for (name, level), number in self.counts.items() if level >= least and process in ("", name))


class LogTail:
    """Follows the files `*.log` of a folder; each `read` takes at most a slice of some of them."""

    def __init__(self, folder: Path, kept: int = LINES_KEPT) -> None:
        self._folder = folder
        self._files: dict[str, LogFile] = {}
        self._turn = 0
        self._number = 0
        self._lines: deque[LogLine] = deque(maxlen=kept)
        self._serious: deque[LogLine] = deque(maxlen=kept)
        self._counts: Counter[tuple[str, int]] = Counter()
        self._view = LogView(folder)

    def read(self, now: float) -> LogView:
        """Take in what is new at the time `now` (a time stamp); never raises for what is in the folder."""
        names, problem = self._names()
        self._files = {name: file for name, file in self._files.items() if name in names}
        batches: list[list[LogLine]] = []
        for name in self._in_turn(names):
            try:
                batches.append(self._file(name, len(names)).read(now))
            except OSError as error:
                problem = f"cannot read {self._folder / name}: {error.strerror}"
        self._take(batches)
        processes = tuple(name.removesuffix(".log") for name in names)
        if any(batches) or (problem, processes) != (self._view.problem, self._view.processes):
            lines, serious = tuple(self._lines), tuple(self._serious)
            version = self._view.version + 1
            older = self._number > len(lines) or any(file.left_out for file in self._files.values())
            self._view = LogView(self._folder, lines, serious, processes, dict(self._counts), problem, version, older)
        return self._view

    def _names(self) -> tuple[list[str], str]:
        """The files that there are, and why they cannot be listed."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return [], ""
        except OSError as error:
            return [], f"cannot read {self._folder}: {error.strerror}"
        return sorted((name for name in names if name.endswith(".log")), key=_place), ""

    def _file(self, name: str, files: int) -> LogFile:
        if name not in self._files:
            self._files[name] = LogFile(self._folder / name, min(FIRST_BYTES, FIRST_BYTES_IN_ALL // files))
        return self._files[name]

    def _in_turn(self, names: list[str]) -> list[str]:
        """The next files to look at: all of them where they are few."""
        if len(names) <= FILES_AT_ONCE:
            return names
        self._turn %= len(names)
        chosen = (names[self._turn :] + names[: self._turn])[:FILES_AT_ONCE]
        self._turn += FILES_AT_ONCE
        return chosen

    def _take(self, batches: list[list[LogLine]]) -> None:
        """Merge what came from several files; the lines of one stay in their order also where its clock jumped back."""
        keyed = []
        for batch in batches:
            latest = 0.0
            for line in batch:
                latest = max(latest, line.time)
                keyed.append((latest, line))
        keyed.sort(key=lambda pair: pair[0])
        for _, line in keyed:
            self._number += 1
            numbered = line._replace(number=self._number)
            self._lines.append(numbered)
            if line.level >= logging.WARNING:
                self._serious.append(numbered)
            if line.begins:
                self._counts[line.process, line.level] += 1


def _place(name: str) -> tuple[int, str, int]:
    """Sorts files as the processes are told of: trainer, learner, then the actors by number."""
    stem = name.removesuffix(".log")
    kind, _, number = stem.rpartition("-")
    place = {"trainer": 0, "learner": 1}.get(stem, 2)
    return (place, kind, int(number)) if number.isdecimal() else (place, stem, -1)
