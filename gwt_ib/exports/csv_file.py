"""CSV: a row for each update of each run, a gap as an empty cell, numbers so that they read back exactly."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from gwt_ib.durable import write_all, write_atomically
from gwt_ib.exports.follower import Kept
from gwt_ib.exports.source import Source
from gwt_ib.exports.table import RUN, TableWriter
from gwt_ib.exports.writer import Options
from gwt_ib.files import open_to_append
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.metrics import NUMBERS


class CsvWriter(TableWriter):
    """While live runs are followed rows are appended as they come; at the end they stand run by run."""

    def __init__(self, out: Path, options: Options) -> None:
        super().__init__(out, options)
        self._new: list[tuple[str, Record]] = []
        self._whole = True  # the file has to be written anew, not to be appended to

    def begin(self, source: Source) -> None:
        """The file has no row of it any more."""
        super().begin(source)
        self._whole = True

    def rows(self, source: Source, rows: Sequence[Record]) -> None:
        """Keep them, also as those that the file does not have yet."""
        super().rows(source, rows)
        self._new += [(source.name, row) for row in rows]

    def cut_back(self, source: Source, kept: Kept) -> None:
        """Later rows leave the file, too."""
        super().cut_back(source, kept)
        self._whole = True

    def flush(self) -> None:
        """Append what is new, or write everything anew where rows were taken back."""
        if self._whole:
            self.close()
        elif self._new:
            descriptor = open_to_append(self.out)
            try:
                write_all(descriptor, self._text(self._new))
            finally:
                os.close(descriptor)
        self._new = []

    def _write(self) -> None:
        names = [RUN, *map(self.naming.name, NUMBERS)]
        write_atomically(self.out, _csv([names]) + self._text(self.all_rows()), durable=False)
        self._whole = False

    def _text(self, rows: Iterable[tuple[str, Record]]) -> bytes:
        return _csv([name, *(self.naming.number(metric, row) for metric in NUMBERS)] for name, row in rows)


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
