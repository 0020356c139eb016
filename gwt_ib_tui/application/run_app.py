"""An application for one run: what its screens show, and what it asks of the run, with a report beside a snapshot."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

from textual.app import App
from textual.reactive import reactive

from gwt_ib.clock import utc_now
from gwt_ib.durable import sync_directory, write_atomically, write_json
from gwt_ib.errors import ExitCode
from gwt_ib.gatecheck.findings import GateVerdict
from gwt_ib.lenient import mapping
from gwt_ib.runs.control import RequestKind, send_request
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import Event
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.record import UNKNOWN
from gwt_ib.text import plain
from gwt_ib_tui.application.alerts import Alert, AlertSettings, Notifier, notification
from gwt_ib_tui.screens.dialogs import Change, SettingDialog
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.run.announcements import Announcement, Announcer, frozen_words
from gwt_ib_tui.state.run.follower import Source
from gwt_ib_tui.state.run.requests import Asked, Message, RequestLog
from gwt_ib_tui.state.run.run_view import DAMAGED, RunView
from gwt_ib_tui.terminal import clipboard_words

READ_ONLY = "this dashboard is read-only and asks nothing of the run"
_WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


class RunApp(App[str]):
    """Gives the screens of the run of `directory` what `source` knows of it, and writes requests into its inbox."""

    run_view: reactive[RunView | None] = reactive(None, repaint=False)

    def __init__(
        self, directory: RunDirectory, source: Source, read_only: bool, notifier: Notifier | None = None
    ) -> None:
        super().__init__()
        self.notifier = notifier or Notifier(AlertSettings(notify="off"))
        self.source = source
        self.requests = RequestLog()
        self.refusal = source.refusal or (READ_ONLY if read_only else "")
        """Why nothing at all is asked of this run; empty where it can be."""
        self._directory = directory
        self._read_only = read_only
        self._began = utc_now()
        self._frozen: RunView | None = None
        self._announcer = Announcer()

    @property
    def run_screens(self) -> list[RunScreen]:
        """The screens of the run that are open, the one in front last."""
        return [screen for screen in self.screen_stack if isinstance(screen, RunScreen)]

    def say(self, status: str, text: str) -> None:
        """Put a message up on every screen."""
        self.requests.say(status, text)
        self.show_message()

    def put(self, message: Message | None) -> None:
        """Put a message up, where there is one."""
        if message is not None:
            self.say(message.status, message.text)

    def show_run_view(self) -> None:
        """Put the newest view of the run on every screen, or the one that is frozen."""
        for screen in self.run_screens:
            screen.run_view = self._frozen or self.run_view
            screen.frozen = frozen_words(self._frozen, self.run_view) if self._frozen and self.run_view else ""

    def show_message(self) -> None:
        """Put the newest message on every screen."""
        for screen in self.run_screens:
            screen.message = self.requests.message
            screen.stopping = self.requests.stopping

    def announce(self, run_view: RunView) -> None:
        """Ring, notify and say what is new in a view: another verdict, the end of the run, silence."""
        for news in self._announcer.take(run_view):
            self.put(news.message)
            if news.title:
                self.notify(news.text, title=news.title, severity=news.severity, markup=False)
            if news.bell and self.notifier.settings.bell:
                self.bell()
            if news.event:
                self._alert(news, run_view)

    def _alert(self, news: Announcement, run_view: RunView) -> None:
        """Tell the desktop and the user's command."""
        sequence = notification(
            f"{self._directory.name}: {news.title}", news.text, self.notifier.settings.notify, os.environ
        )
        if sequence and self._driver is not None and not self.is_web and not self.is_headless:
            self._driver.write(sequence)
        verdict = run_view.verdict
        training, gate = (verdict.status, verdict.gate.status) if verdict else ("", "")
        message = ": ".join(filter(None, (news.title, news.text)))
        self.notifier.send(Alert(news.event, self._directory.path.absolute(), message, run_view.state, training, gate))

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """What is on the screen, as SVG that loads nothing from the network: the viewer's own monospaced font is used."""
        picture = super().export_screenshot(title=plain(title or self.title), simplify=simplify)
        return without_web_font(picture)

    def action_freeze_display(self) -> None:
        """Let what is shown stand still, or follow again; the training and the reading go on either way."""
        if not self.source.live:
            self.say("refused", self.source.refusal)
        elif self._frozen is not None:
            self._frozen = None
            self.say("notice", "the display follows the run again")
        elif self.run_view is not None and self.run_view.ended:
            self.say("refused", f"the run has ended ({self.run_view.state}): nothing moves any more")
        elif self.run_view is not None:
            self._frozen = self.run_view
            state = self.run_view.state
            going = "while training goes on" if state == "running" else f"(the run is {plain(state, 12)})"
            self.say("notice", f"display frozen {going}; press again to show the newest")
        self.show_run_view()

    def action_pause_or_go_on(self) -> None:
        """Ask for a pause, or for its end: the opposite of the present state or of what was asked for last."""
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
        """Ask for an evaluation of the present weights, one at a time; of an ended run, say which command does it."""
        if self.has_ended and not self.refusal:
            self.show_command("evaluate")
            return
        if not self._may_ask("evaluate"):
            return
        if self.requests.pending("evaluate"):
            self.say("asked", "evaluation: already asked, waiting for the trainer")
        else:
            self.ask("evaluate")

    def action_evaluate_gate(self) -> None:
        """Ask for episodes with the gate replaced; of a run that has ended, say which command plays them."""
        if self.has_ended and not self.refusal:
            self.show_command("evaluate", "--gate all --steps")
        elif not self._may_ask("evaluate"):
            return
        elif self.requests.pending("evaluate_gate"):
            self.say("asked", "gate evaluation: already asked, waiting for the trainer")
        else:
            self.ask("evaluate_gate")

    def action_show_resume(self) -> None:
        """Say which command takes the run up again; one that is complete needs more steps for that."""
        view = self.run_view
        if view is None or not view.ended:
            self.say("refused", "the run goes on: there is nothing to resume")
        elif self.refusal:
            self.say("refused", self.refusal)
        elif view.run.exit_code == ExitCode.BAD_DATA:
            self.show_command("verify")
        else:
            more = 2 * (view.run.total_timesteps or 0) if view.state == "finished" else 0
            self.show_command("resume", f"--total-timesteps {more}" if more else "")

    def show_command(self, name: str, options: str = "") -> None:
        """Show a command on this run for a shell, and copy it."""
        command = f"gwt-ib-tui {name} {shlex.quote(str(self._directory.path))} {options}".rstrip()
        self.copy_to_clipboard(command)
        self.say("notice", f"for a shell, {clipboard_words()}: {command}")

    @property
    def has_ended(self) -> bool:
        """Whether nothing can be asked of the run any more."""
        return self.run_view is not None and self.run_view.ended

    def action_change_setting(self) -> None:
        """Let the user choose a setting and its new value, then ask for it."""

        def answered(change: Change | None) -> None:
            if change is not None and self._may_ask("change"):  # the run may have ended under the dialog
                self.ask("set", change)

        if self._may_ask("change"):
            self.push_screen(SettingDialog(lambda: self.run_view), answered)

    def ask(self, kind: RequestKind, change: Change | None = None) -> None:
        """Show a request as asked at once, and write it in a thread: the disk may be slow. `change` is for `set`."""
        if self.refusal:
            self.say("refused", self.refusal)
            return
        number = self.requests.ask(kind, change.words if change else "")
        self.show_message()
        self.run_worker(self._send(number, kind, change), group="requests", exit_on_error=False)

    def take_events(self, events: Iterable[Event]) -> None:
        """Follow the run's new events: answers to what was asked here, and news."""
        self.requests.take(events, self._began)
        self._take_answers()

    def _may_ask(self, what: str) -> bool:
        """Whether the run can be asked anything; if not, a message says why."""
        if self.refusal:
            self.say("refused", self.refusal)
        elif self.run_view is not None and self.run_view.state == UNKNOWN:
            self.say("refused", f"{DAMAGED}: there is nobody to {what}")
        elif self.run_view is not None and self.run_view.ended:
            self.say("refused", f"the run has ended ({self.run_view.state}): there is nothing to {what}")
        else:
            return self.run_view is not None
        return False

    async def _send(self, number: int, kind: RequestKind, change: Change | None) -> None:
        inbox = self._directory.control
        field, value = (change.field, change.value) if change else (None, None)
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
        steps = int(self.run_view.metric("env_steps") or 0) if asked.env_steps is None else asked.env_steps
        picture = self.export_screenshot(title=f"gwt-ib-tui · {self._directory.name}")
        report = self._write_report(asked, steps, self.run_view.row, picture)
        self.run_worker(report, group="requests", exit_on_error=False)

    async def _write_report(self, asked: Asked, steps: int, row: Record, picture: str) -> None:
        path = await asyncio.to_thread(snapshot_path, self._directory, asked.path)
        self.copy_to_clipboard(plain(path, 4096))
        path_sent = clipboard_words()
        try:
            await asyncio.to_thread(write_report, self._directory, steps, path, row, picture)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            self.say("warning", f"no report beside the snapshot ({reason}), {path_sent}: {asked.path}")
        else:
            self.say("done", f"snapshot{asked.where} and report, {path_sent}: {asked.path}")


def without_web_font(picture: str) -> str:
    """A picture in SVG that loads nothing from the network."""
    return _WEB_FONT.sub("", picture)


def snapshot_path(run: RunDirectory, answered: str) -> Path:
    """Where a snapshot lies, from the path in the trainer's answer: that one may be relative to another directory."""
    here = run.snapshots / Path(answered).name
    return (here if here.is_dir() else Path(answered)).resolve()


def write_report(run: RunDirectory, env_steps: int, snapshot: Path, row: Record, picture: str) -> Path:
    """Write `reports/<env steps, 12 digits>/` and return that path; what is there of an earlier one is replaced.

    Every file is complete or absent, and `report.json`, which names the snapshot, comes last: where it is, the others
    are. Raises `OSError`, and `ValueError` where the metrics hold a number that is not finite.
    """
    run.reports.mkdir(mode=0o700, exist_ok=True)
    folder = run.reports / f"{env_steps:012d}"
    folder.mkdir(mode=0o700, exist_ok=True)
    verdict = run.read_gatecheck()
    write_atomically(folder / "screen.svg", picture.encode())
    write_json(folder / "metrics.json", row)
    write_json(folder / "gatecheck.json", verdict)
    origin = {"run": run.name, "snapshot": str(snapshot), "env_steps": env_steps, "time": utc_now()}
    gate = GateVerdict.from_dict(mapping(verdict.get("gate"))).status
    origin |= {"state": run.state(), "verdict": verdict.get("verdict"), "gate_verdict": gate}
    write_json(folder / "report.json", origin)
    sync_directory(run.reports)
    return folder
