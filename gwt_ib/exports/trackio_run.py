"""Trackio: a run of a local project for each run of ours, in a database at the destination. Nothing is ever sent."""

from __future__ import annotations

import contextlib
import contextvars
import io
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gwt_ib.errors import ExitCode, UserError, error_text
from gwt_ib.exports.names import Naming
from gwt_ib.exports.source import Source
from gwt_ib.exports.writer import Options, Writer
from gwt_ib.runs.jsonl import Record

REMOTE = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL", "TRACKIO_WRITE_TOKEN", "TRACKIO_BUCKET_ID", "TRACKIO_WEBHOOK_URL")
"""What would make it send: taken out of the environment before it is imported."""
LOCAL = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}


class TrackioWriter(Writer):
    """The steps are environment steps. A run that was cut back is written again."""

    rewinds = False

    def __init__(self, out: Path, options: Options) -> None:
        super().__init__(out, options)
        self.naming = Naming(options.names, grouped=True)
        self._runs: dict[str, Any] = {}
        out.mkdir(parents=True, exist_ok=True)
        for name in REMOTE:
            os.environ.pop(name, None)
        os.environ.update(LOCAL, TRACKIO_DIR=str(out.resolve()))
        loaded = sys.modules.get("trackio.utils")
        if loaded is not None and out.resolve() != loaded.TRACKIO_DIR:
            raise UserError(f"trackio has one folder a process, here {loaded.TRACKIO_DIR}.", ExitCode.USAGE)

    def begin(self, source: Source) -> None:
        """Begin a run in the project; one of its name that is there goes."""
        with contextlib.redirect_stdout(io.StringIO()):
            import trackio

            self._end(source)
            with contextlib.suppress(ValueError):  # no such project yet
                for known in trackio.Api().runs(self.options.project):
                    if known.name == source.name:
                        known.delete()
            try:
                # In a context of its own: a second run would end the first one.
                self._runs[source.name] = contextvars.Context().run(
                    trackio.init,
                    self.options.project,
                    name=source.name,
                    config={**source.settings, "made_with": dict(source.made_with)},
                    embed=False,
                    auto_log_cpu=False,
                    auto_log_gpu=False,
                )
            except ValueError as error:  # a name of a project that it keeps for itself
                raise UserError(f"trackio cannot begin the run: {error_text(error)}.", ExitCode.USAGE) from None

    def rows(self, source: Source, rows: Sequence[Record]) -> None:
        """An entry for each row."""
        for row in rows:
            self._runs[source.name].log(self.naming.numbers(row), step=int(row["env_steps"]))

    def close(self) -> None:
        """Write what waits."""
        while self._runs:
            with contextlib.redirect_stdout(io.StringIO()):
                self._runs.popitem()[1].finish()

    def next_steps(self) -> list[str]:
        """How to look at it."""
        return [
            f"Look at it with: TRACKIO_DIR={shlex.quote(str(self.out))} trackio show --project {self.options.project}"
        ]

    def _end(self, source: Source) -> None:
        if source.name in self._runs:
            self._runs.pop(source.name).finish()
