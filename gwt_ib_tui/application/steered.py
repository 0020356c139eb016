"""The actions that ask something of the training, and what is kept of a snapshot that was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from textual.app import App
from textual.reactive import reactive

from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.lifecycle import UNKNOWN
from gwt_ib.text import plain
from gwt_ib_tui.application.screenshot import screenshot
from gwt_ib_tui.application.snapshot_report import snapshot_path, write_report
from gwt_ib_tui.application.steering import READ_ONLY, Steering
from gwt_ib_tui.keys.action_table import actions_of
from gwt_ib_tui.screens.setting_dialog import SettingDialog
from gwt_ib_tui.state.run.live_settings import Change
from gwt_ib_tui.state.run.requests import Asked
from gwt_ib_tui.state.run.run_view import DAMAGED, RunView

STEERING = frozenset(f"app.{action.name}" for action in actions_of("app") if action.steers)


class SteeredApp(App[str]):
    """The part of the application that steers the run of `directory`, and says why where that cannot be."""

    run_view: reactive[RunView | None] = reactive(None, repaint=False)

    def __init__(self, directory: RunDirectory, read_only: bool) -> None:
        super().__init__()
        self._directory = directory
        self._read_only = read_only
        self.steering = Steering(
            directory.control, self._in_background, self._show_message, self._answered, read_only=read_only
        )

    def action_pause_or_go_on(self) -> None:
        """Ask for a pause, or for its end: the opposite of what holds or was asked for last."""
        run_view = self.run_view
        if run_view is None or not self._may_ask("pause"):
            return
        pausing = self.steering.pausing()
        paused = run_view.state == "paused" if pausing is None else pausing
        self.steering.ask("unpause" if paused else "pause")

    def action_snapshot(self) -> None:
        """Ask for a snapshot."""
        if self._may_ask("save"):
            self.steering.ask("snapshot")

    def action_evaluate_now(self) -> None:
        """Ask for an evaluation of the present weights; a second one only when the first is done."""
        if not self._may_ask("evaluate"):
            return
        if self.steering.asking("evaluate"):
            self.steering.say("asked", "evaluation: already asked, waiting for the trainer")
        else:
            self.steering.ask("evaluate")

    def action_change_setting(self) -> None:
        """Let the user choose a setting and its new value, then ask for it."""
        if self._may_ask("change"):
            self.push_screen(SettingDialog(lambda: self.run_view), self._change_as_answered)

    def _change_as_answered(self, change: Change | None) -> None:
        if change is not None and self._may_ask("change"):  # the run may have ended under the dialog
            self.steering.ask("set", change.field, change.value, change.words)

    @property
    def asks_nothing(self) -> str:
        """Why nothing at all is asked of this run; empty where it can be."""
        return READ_ONLY if self._read_only else ""

    def _may_ask(self, what: str) -> bool:
        """Whether the run can be asked anything; if not, why is said."""
        if self.asks_nothing:
            self.steering.say("refused", self.asks_nothing)
        elif self.run_view is not None and self.run_view.state == UNKNOWN:
            self.steering.say("refused", f"{DAMAGED}: there is nobody to {what}")
        elif self.run_view is not None and self.run_view.ended:
            self.steering.say("refused", f"the run has ended ({self.run_view.state}): there is nothing to {what}")
        else:
            return self.run_view is not None
        return False

    def _answered(self, asked: Asked) -> None:
        """A snapshot that was asked for here gets its report, once the screen shows that it is done."""
        if asked.kind == "snapshot" and asked.status == "done" and asked.path:
            self.call_after_refresh(self._report, asked)

    def _report(self, asked: Asked) -> None:
        assert self.run_view is not None  # an answer came with it
        row, steps = self.run_view.row, asked.env_steps
        if steps is None:
            steps = int(self.run_view.metric("env_steps") or 0)
        picture = screenshot(self, f"gwt-ib-tui · {self._directory.name}")
        self._in_background(self._write_report(asked, steps, row, picture))

    async def _write_report(self, asked: Asked, steps: int, row: dict[str, Any], picture: str) -> None:
        run_view = await asyncio.to_thread(snapshot_path, self._directory, asked.path)
        self.copy_to_clipboard(plain(run_view, 4096))
        try:
            await asyncio.to_thread(write_report, self._directory, steps, run_view, row, picture)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            self.steering.say("warning", f"no report beside the snapshot ({reason}), path copied: {asked.path}")
        else:
            self.steering.say("done", f"snapshot{asked.where} and report, path copied: {asked.path}")

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        self.run_worker(work, group="requests", exit_on_error=False)

    def _show_message(self) -> None:
        """Put the newest message on show."""
        raise NotImplementedError
