"""The export of a run from its start, as its trainer sees it: a process that may die, which costs the run a line."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from gwt_ib.config import Config
from gwt_ib.log import LOGGER
from gwt_ib.processes.children import Child, start_child
from gwt_ib.processes.limits import start_error
from gwt_ib.runs.directory import RunDirectory

END_S = 10.0
"""For so long a run that has ended waits for its export to be complete; after that it ends by itself."""


class ExportBeside:
    """Starts the exporter where the setting asks for one, says once that it died, and never starts it again."""

    def __init__(self, run: RunDirectory, config: Config) -> None:
        self._run, self._config = run, config
        self._child: Child | None = None

    def start(self) -> None:
        """Start it. That it cannot be started is said in the log, and no error."""
        if not self._config.export:
            return
        try:
            self._child = start_child(
                self._run, "exporter", "gwt_ib.processes.exporter", ["--trainer", str(os.getpid())], []
            )
        except OSError as error:
            LOGGER.warning("the exporter cannot be started: %s", start_error(error))
            return
        LOGGER.info("the exporter is pid %d", self._child.pid)

    def tend(self) -> str:
        """That it has died, in a sentence; an empty text while it lives, and after that was said."""
        if self._child is None or self._child.alive:
            return ""
        child, self._child = self._child, None
        words = f"the exporter {child.ending()}; the run goes on, and `export` writes all of it later"
        LOGGER.warning("pid %d: %s", child.pid, words)
        return words

    def end(self, signals: Sequence[int]) -> None:
        """Wait a moment for the last rows, once `run.json` says that the run has ended; a further signal ends that, too."""
        if self._child is None:
            return
        known, deadline = len(signals), time.monotonic() + END_S
        while self._child.alive and time.monotonic() < deadline and len(signals) == known:
            time.sleep(0.01)
        if self._child.alive:
            LOGGER.warning("the exporter still writes; it ends by itself")
        elif self._child.process.returncode:
            LOGGER.warning("the exporter %s", self._child.ending())
