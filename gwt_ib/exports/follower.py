"""The rows of a run's metrics as they come, each once, and what a resume has cut back of those that were given already."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gwt_ib.lenient import whole
from gwt_ib.runs.jsonl import Record, RecordReader, parse_record

MOST = 2**62
"""A step beyond this is damage, and no format has room for it."""


@dataclass(frozen=True)
class Kept:
    """The last row that is still valid, by its update and env steps; 0 where none is."""

    update: int = 0
    env_steps: int = 0


@dataclass(frozen=True)
class News:
    """What is new: first everything after `cut_to` is void, where that is said, then `rows` follow."""

    rows: list[Record] = field(default_factory=list)
    cut_to: Kept | None = None


class RowFollower:
    """Follows `metrics.jsonl`. Its rows rise by `update`; a line that is damaged, or does not rise, is passed over.

    A file that was replaced, as a resume does, is read again and compared with what was given: only where it differs, or
    ends earlier, are rows taken back.
    """

    def __init__(self, path: Path) -> None:
        self._reader = RecordReader(path)
        self._restarts = 0
        self._given: list[tuple[Kept, int]] = []  # each row that was given, and a hash of its line
        self._compared: int | None = None  # how many of them the new file has, while it is read again

    @property
    def count(self) -> int:
        """The rows that were given and are still valid."""
        return len(self._given)

    @property
    def at_end(self) -> bool:
        """Whether the last `read` reached the end of the file."""
        return self._reader.at_end

    def read(self) -> News:
        """What is new since the last call, a few MB at most. Raises `OSError`."""
        lines = self._reader.read_lines()
        if self._reader.restarts > self._restarts:
            self._restarts, self._compared = self._reader.restarts, 0
        rows: list[Record] = []
        cut_to: Kept | None = None
        for line in lines:
            if self._is_known(line):
                continue
            row = parse_record(line)
            kept = None if row is None else _place(row)
            if row is None or kept is None:
                continue
            cut_to = self._cut() or cut_to
            if not self._given or kept.update > self._given[-1][0].update:
                self._given.append((kept, hash(line)))
                rows.append(row)
        if self.at_end:
            cut_to = self._cut() or cut_to
        return News(rows, cut_to)

    def _is_known(self, line: bytes) -> bool:
        """Whether a line of a file that is read again is the one that was given at this place."""
        place = self._compared
        if place is None or place >= len(self._given) or self._given[place][1] != hash(line):
            return False
        self._compared = place + 1
        return True

    def _cut(self) -> Kept | None:
        """End the comparison; the last row that stays, where some do not."""
        place, self._compared = self._compared, None
        if place is None or place >= len(self._given):
            return None
        del self._given[place:]
        return self._given[-1][0] if self._given else Kept()


def _place(row: Record) -> Kept | None:
    update, env_steps = whole(row.get("update")), whole(row.get("env_steps"))
    if update is None or env_steps is None or not (0 < update < MOST and 0 <= env_steps < MOST):
        return None
    return Kept(update, env_steps)
