"""Alerts of a run without a dashboard: the bell and the desktop where stderr is a terminal, and the user's command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.log import LOGGER
from gwt_ib.machine import own_folder
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import Event, forms
from gwt_ib_tui.application.alerts import ALERTED, Alert, Notifier, notification, read_alert_settings
from gwt_ib_tui.terminal import write


class HeadlessAlerts:
    """Takes a run's events; those that there are alerts for are passed on. Inside `with`; it never raises."""

    def __init__(self, run: RunDirectory, on_event: str | None = None) -> None:
        folder = own_folder("config")
        path = None if folder is None else folder / "dashboard.toml"
        self._settings = read_alert_settings(path, os.environ, on_event)
        self._notifier = Notifier(self._settings)
        self._run = run
        self._unsaid = [problem for problem in self._settings.problems if "on_event" in problem]

    def __enter__(self) -> Self:
        """Start what runs the command."""
        self._notifier.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """What was handed over is still done."""
        self._notifier.__exit__(kind, error, where)

    def take(self, event: Event) -> None:
        """Ring, notify and run the command for an event of another verdict or of the run's end."""
        if event.kind not in ALERTED:
            return
        words, verdict = forms(event)[0], Verdict.from_dict(self._run.read_gatecheck()) or Verdict("wait")
        ended = event.kind if event.kind in ("failed", "finished", "stopped") else "running"
        alert = Alert(event.kind, self._run.path.absolute(), words, ended, verdict.status, verdict.gate.status)
        self._notifier.send(alert)
        with suppress(OSError, ValueError, AttributeError):
            if sys.stderr.isatty():
                sequence = notification(self._run.name, words, self._settings.notify, os.environ)
                write(sequence + ("\a" if self._settings.bell else ""), sys.stderr)

    def say(self, note: Callable[[str], None]) -> None:
        """Report what has failed of the command, to the log and by `note`."""
        problems, self._unsaid = [*self._unsaid, *self._notifier.problems()], []
        for problem in problems:
            LOGGER.warning(problem)
            note(problem)

    def finish(self, note: Callable[[str], None]) -> None:
        """The last events were those of `take`; say what is known to have failed."""
        self.say(note)
