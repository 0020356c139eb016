"""What is asked of the run: the actions, the requests in its inbox, and the report beside a snapshot that was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from gwt_ib.clock import utc_now
from gwt_ib.runs.control import RequestKind, send_request
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import Event
from gwt_ib.runs.record import UNKNOWN
from gwt_ib.text import plain
from gwt_ib_tui.application.display import DisplayApp
from gwt_ib_tui.application.snapshot_report import snapshot_path, write_report
from gwt_ib_tui.screens.setting_dialog import SettingDialog
from gwt_ib_tui.state.run.live_settings import Change
from gwt_ib_tui.state.run.requests import Asked
from gwt_ib_tui.state.run.run_view import DAMAGED
from gwt_ib_tui.state.run.source import Source

READ_ONLY = "this dashboard is read-only and asks nothing of the run"


class ControlApp(DisplayApp):
    """The part of the application that asks something of the run of `directory`, and says why where it cannot."""

    def __init__(self, directory: RunDirectory, source: Source, read_only: bool) -> None:
        super().__init__(source)
        self._directory = directory
        self._began = utc_now()
        self.refusal = source.refusal or (READ_ONLY if read_only else "")
        """Why nothing at all is asked of this run; empty where it can be."""

    def action_pause_or_go_on(self) -> None:
        """Ask for a pause, or for its end: the opposite of what holds or was asked for last."""
        if self.run_view is None or not self._may_ask("pause"):
            return
        pending = self.requests.pending("pause", "unpause")
        paused = self.run_view.state == "paused" if pending is None else pending.kind == "pause"
        self.ask("unpause" if paused else "pause")

    def action_snapshot(self) -> None:
        """Ask for a snapshot."""
        if self._may_ask("save"):
            self.ask("snapshot")

    def action_evaluate_now(self) -> None:
        """Ask for an evaluation of the present weights; a second one only when the first is done."""
        if not self._may_ask("evaluate"):
            return
        if self.requests.pending("evaluate"):
            self.say("asked", "evaluation: already asked, waiting for the trainer")
        else:
            self.ask("evaluate")

    def action_change_setting(self) -> None:
        """Let the user choose a setting and its new value, then ask for it."""
        if self._may_ask("change"):
            self.push_screen(SettingDialog(lambda: self.run_view), self._change_as_answered)

    def ask(self, kind: RequestKind, field: str | None = None, value: float | None = None, what: str = "") -> None:
        """Show a request as asked at once, and write it in a thread: the disk may be slow.

        `field` and `value` belong to the kind `set`; `what` says in words what the kind does not.
        """
        if self.refusal:
            self.say("refused", self.refusal)
            return
        number = self.requests.ask(kind, what)
        self.show_message()
        self._in_background(self._send(number, kind, field, value))

    def take_events(self, events: Iterable[Event]) -> None:
        """Follow the run's new events: answers to what was asked here, and news."""
        self.requests.take(events, self._began)
        self._take_answers()

    def _change_as_answered(self, change: Change | None) -> None:
        if change is not None and self._may_ask("change"):  # the run may have ended under the dialog
            self.ask("set", change.field, change.value, change.words)

    def _may_ask(self, what: str) -> bool:
        """Whether the run can be asked anything; if not, why is said."""
        if self.refusal:
            self.say("refused", self.refusal)
        elif self.run_view is not None and self.run_view.state == UNKNOWN:
            self.say("refused", f"{DAMAGED}: there is nobody to {what}")
        elif self.run_view is not None and self.run_view.ended:
            self.say("refused", f"the run has ended ({self.run_view.state}): there is nothing to {what}")
        else:
            return self.run_view is not None
        return False

    async def _send(self, number: int, kind: RequestKind, field: str | None, value: float | None) -> None:
        inbox = self._directory.control
        try:
            request_id = await asyncio.to_thread(send_request, inbox, kind, field, value)
        except OSError as error:
            self.requests.not_sent(number, f"cannot write to {inbox}: {error.strerror}")
        else:
            self.requests.sent(number, request_id)
        self._take_answers()

    def _take_answers(self) -> None:
        """A snapshot that was asked for here gets its report, once the screen shows that it is done."""
        self.show_message()
        for asked in self.requests.take_answered():
            if asked.kind == "snapshot" and asked.status == "done" and asked.path:
                self.call_after_refresh(self._report, asked)

    def _report(self, asked: Asked) -> None:
        assert self.run_view is not None  # an answer came with it
        row, steps = self.run_view.row, asked.env_steps
        if steps is None:
            steps = int(self.run_view.metric("env_steps") or 0)
        picture = self.export_screenshot(title=f"gwt-ib-tui · {self._directory.name}")
        self._in_background(self._write_report(asked, steps, row, picture))

    async def _write_report(self, asked: Asked, steps: int, row: dict[str, Any], picture: str) -> None:
        path = await asyncio.to_thread(snapshot_path, self._directory, asked.path)
        self.copy_to_clipboard(plain(path, 4096))
        try:
            await asyncio.to_thread(write_report, self._directory, steps, path, row, picture)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            self.say("warning", f"no report beside the snapshot ({reason}), path copied: {asked.path}")
        else:
            self.say("done", f"snapshot{asked.where} and report, path copied: {asked.path}")

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        self.run_worker(work, group="requests", exit_on_error=False)
