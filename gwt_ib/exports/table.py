"""The rows of several runs as one long table with a column `run`: what CSV and Parquet files have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gwt_ib.durable import write_json
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.exports.follower import Kept
from gwt_ib.exports.names import Naming
from gwt_ib.exports.source import Source
from gwt_ib.exports.writer import Options, Writer
from gwt_ib.lenient import whole
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.metrics import NUMBERS

RUN = "run"
"""The first column."""


class TableWriter(Writer):
    """Keeps the rows, in the order of the runs; the file is written by `_write`, its settings go into one beside it."""

    def __init__(self, out: Path, options: Options) -> None:
        super().__init__(out, options)
        if out.is_dir():
            raise UserError(f"{out} is a directory; name a file, such as {out / 'metrics'}.csv.", ExitCode.USAGE)
        out.parent.mkdir(parents=True, exist_ok=True)
        self.naming = Naming(options.names)
        self.sources: dict[str, Source] = {}
        self._rows: dict[str, list[Record]] = {}

    @property
    def settings_file(self) -> Path:
        """Where the settings of the runs are: `metrics.config.json` beside `metrics.csv`."""
        return self.out.with_name(f"{self.out.stem}.config.json")

    def begin(self, source: Source) -> None:
        """Take up a run without rows."""
        self.sources[source.name] = source
        self._rows[source.name] = []

    def rows(self, source: Source, rows: Sequence[Record]) -> None:
        """Keep what the table shows of them."""
        self._rows[source.name] += map(self.kept_of, rows)

    def cut_back(self, source: Source, kept: Kept) -> None:
        """Forget later rows."""
        mine = self._rows[source.name]
        self._rows[source.name] = [row for row in mine if (whole(row.get("update")) or 0) <= kept.update]

    def close(self) -> None:
        """Write the whole file, and the one of the settings."""
        self._write()
        write_json(self.settings_file, self.about(), durable=False)

    def kept_of(self, row: Record) -> Record:
        """The part of a row that the table shows."""
        return {metric: row.get(metric) for metric in NUMBERS}

    def all_rows(self) -> Iterator[tuple[str, Record]]:
        """Each row with the name of its run, run by run."""
        return ((name, row) for name, rows in self._rows.items() for row in rows)

    def about(self) -> dict[str, Any]:
        """The names of the columns by ours, and the settings of each run."""
        names = {metric: self.naming.name(metric) for metric in NUMBERS}
        return {"format": 1, "columns": names, "runs": {name: each.as_dict() for name, each in self.sources.items()}}

    @abstractmethod
    def _write(self) -> None:
        """Replace the file by all rows."""
