"""TensorBoard: a folder of event files for each run, with its settings as hyperparameters and as text."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gwt_ib.exports.follower import Kept
from gwt_ib.exports.names import Naming
from gwt_ib.exports.source import Source
from gwt_ib.exports.writer import Options, Writer
from gwt_ib.runs.jsonl import Record
from gwt_ib.text import plain

SUFFIX = ".gwt-ib"
"""The end of the names of our event files: others in the same folder are left alone."""
SCORES = ("eval_return", "ep100", "mmer", "mean_c", "rho_tail")
"""The metrics that stand beside the hyperparameters."""


class TensorBoardWriter(Writer):
    """A step is an environment step; all numbers of a row are one event. Values are 32-bit floats, as always there."""

    def __init__(self, out: Path, options: Options) -> None:
        super().__init__(out, options)
        self.naming = Naming(options.names, grouped=True)
        self._files: dict[str, Any] = {}
        self._sources: dict[str, Source] = {}
        self._made = 0
        out.mkdir(parents=True, exist_ok=True)

    def folder(self, source: Source) -> Path:
        """Where a run's event files are."""
        return self.out if self.options.flat else self.out / source.name

    def begin(self, source: Source) -> None:
        """Remove our older files; a TensorBoard that looks at them drops what they said."""
        from tensorboardX.summary import hparams, text

        self._end(source)
        folder = self.folder(source)
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"events.out.tfevents.*{SUFFIX}"):
            with suppress(FileNotFoundError):
                old.unlink()
        self._open(source, 0)
        scores = dict.fromkeys(map(self.naming.name, SCORES), 0.0)
        experiment, start, _ = hparams(dict(source.settings), scores)
        for summary in (experiment, start, text("settings", _as_markdown(source))):
            self._write(source, 0, source.time_of({}), summary=summary)

    def rows(self, source: Source, rows: Sequence[Record]) -> None:
        """An event a row."""
        from tensorboardX.proto.summary_pb2 import Summary

        for row in rows:
            values = [Summary.Value(tag=name, simple_value=value) for name, value in self.naming.numbers(row).items()]
            self._write(source, int(row["env_steps"]), source.time_of(row), summary=Summary(value=values))

    def cut_back(self, source: Source, kept: Kept) -> None:
        """Begin another file, which says that what comes at later steps is void: TensorBoard then drops that."""
        self._end(source)
        self._open(source, kept.env_steps + 1)

    def flush(self) -> None:
        """Write what waits."""
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        """Say that the runs have ended, and end the files."""
        from tensorboardX.summary import hparams

        for name, source in list(self._sources.items()):
            self._write(source, 0, source.time_of({}), summary=hparams({}, {})[2])
            self._end(source)
            del self._sources[name]

    def next_steps(self) -> list[str]:
        """How to look at them."""
        return [f"Look at it with: tensorboard --logdir {shlex.quote(str(self.out))}"]

    def _open(self, source: Source, purge_step: int) -> None:
        from tensorboardX.event_file_writer import EventsWriter  # writes at once, and says what the disk refuses
        from tensorboardX.proto.event_pb2 import SessionLog

        self._made += 1  # two files of one second need names of their own, and in their order
        prefix = str(self.folder(source) / "events")
        self._files[source.name] = EventsWriter(prefix, f".{self._made:04}{SUFFIX}")
        self._sources[source.name] = source
        self._write(source, purge_step, source.time_of({}), session_log=SessionLog(status=SessionLog.START))

    def _write(self, source: Source, step: int, wall_time: float, **what: Any) -> None:
        from tensorboardX.proto.event_pb2 import Event

        self._files[source.name].write_event(Event(step=step, wall_time=wall_time, **what))

    def _end(self, source: Source) -> None:
        if source.name in self._files:
            self._files.pop(source.name).close()


def _as_markdown(source: Source) -> str:
    values = {**source.settings, **{f"made with {name}": value for name, value in source.made_with.items()}}
    rows = [f"| {plain(name)} | {plain(value).replace('|', '/')} |" for name, value in values.items()]
    return "\n".join(("| setting | value |", "|---|---|", *rows))
