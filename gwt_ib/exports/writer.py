"""The seam of the formats: what writes the rows of runs to one destination."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gwt_ib.exports.follower import Kept
from gwt_ib.exports.names import Style
from gwt_ib.exports.source import Source
from gwt_ib.runs.jsonl import Record


@dataclass(frozen=True)
class Options:
    """How an export is made: the names, and what only some formats know."""

    names: Style = "ours"
    project: str = "gwt-ib"
    """Of wandb and trackio."""
    online: bool = False
    """Of wandb: send what is written. Nothing is ever sent without it."""
    flat: bool = False
    """Of tensorboard: the destination is the folder of the one run, not one of folders."""


class Writer(ABC):
    """Writes to `out`: `begin` each run, give it its `rows`, and `close`. Each call may raise `OSError`."""

    rewinds = True
    """Whether `cut_back` is there; without it a run that was cut back is begun again, and given all its rows."""

    def __init__(self, out: Path, options: Options) -> None:
        self.out = out
        self.options = options

    @abstractmethod
    def begin(self, source: Source) -> None:
        """Take up a run. What an earlier export of it left at the destination goes: all of its rows come again."""

    @abstractmethod
    def rows(self, source: Source, rows: Sequence[Record]) -> None:
        """Take further rows of a run, in their order."""

    def cut_back(self, source: Source, kept: Kept) -> None:
        """Take back the rows of a run after one of them."""
        raise NotImplementedError

    def flush(self) -> None:  # noqa: B027 - some writers hold nothing back
        """Let what was taken be seen by readers: called now and then while a live run is followed."""

    @abstractmethod
    def close(self) -> None:
        """Write what is left; the destination is complete afterwards."""

    def next_steps(self) -> list[str]:
        """What can be done with what was written, in lines for people."""
        return []
