"""Alerts beyond the screen: the bell, a notification of the desktop, and a command of the user's. Never imports textual.

What they are is the user's own choice: a flag, `GWT_IB_ON_EVENT`, or `[alerts]` in `dashboard.toml`. It is never a setting
of a run: the run of a stranger must not run commands.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self, cast, get_args

from gwt_ib.errors import nearest
from gwt_ib.text import plain

Notify = Literal["auto", "osc9", "osc777", "off"]
COMMAND_S = 30.0
"""How long the user's command may take."""
LONGEST = 300  # characters of a notification
MOST_PROBLEMS = 64 << 10  # bytes of failures read at once
ALERTED = ("failed", "killed", "finished", "stopped", "verdict", "gate_verdict")
"""The events that there are alerts for."""


@dataclass(frozen=True)
class AlertSettings:
    """What is done: `on_event` is a program with its arguments, none where it is empty."""

    on_event: tuple[str, ...] = ()
    bell: bool = True
    notify: Notify = "auto"
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alert:
    """One event of a run, as the user's command gets it in its environment variables."""

    event: str
    run: Path
    message: str
    state: str = ""
    verdict: str = ""
    gate_verdict: str = ""

    def variables(self) -> dict[str, str]:
        """`GWT_IB_EVENT`, `GWT_IB_RUN` and the others; each one line of printable characters."""
        facts = {
            "EVENT": self.event,
            "RUN": str(self.run),
            "RUN_NAME": self.run.name,
            "MESSAGE": self.message,
            "STATE": self.state,
            "VERDICT": self.verdict,
            "GATE_VERDICT": self.gate_verdict,
        }
        return {f"GWT_IB_{name}": plain(value, 4096) for name, value in facts.items()}


def read_alert_settings(path: Path | None, environment: Mapping[str, str], flag: str | None = None) -> AlertSettings:
    """The flag, else the variable, else the table `[alerts]` of a file. Never raises: what is wrong becomes a sentence."""
    table: object = {}
    with suppress(OSError, ValueError, RecursionError):  # the keys are in the same file: its reader says what is wrong
        if path is not None:
            table = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("alerts", {})
    entries = table if isinstance(table, dict) else {}
    problems: list[str] = [] if isinstance(table, dict) else ["alerts is a table: [alerts]"]
    known = ("on_event", "bell", "notify")
    problems += [f"there is no alerts.{name}.{nearest(name, known)}" for name in entries if name not in known]
    bell, notify = entries.get("bell", True), entries.get("notify", "auto")
    if not isinstance(bell, bool):
        problems.append("alerts.bell is true or false")
    if notify not in get_args(Notify):
        problems.append(f"alerts.notify is one of {', '.join(get_args(Notify))}")
    given: object = flag if flag is not None else environment.get("GWT_IB_ON_EVENT", entries.get("on_event", ""))
    command, problem = _command(given)
    return AlertSettings(
        command,
        bell if isinstance(bell, bool) else True,
        cast(Notify, notify) if notify in get_args(Notify) else "auto",
        tuple(f"dashboard.toml: {each}" for each in problems) + ((problem,) if problem else ()),
    )


def _command(given: object) -> tuple[tuple[str, ...], str]:
    """A program and its arguments, from a list or from words that are cut as a shell does; no shell ever sees them."""
    if isinstance(given, list) and all(isinstance(word, str) for word in given):
        return tuple(given), ""
    if not isinstance(given, str):
        return (), "on_event is not used: it is a command, or a list of a program and its arguments"
    try:
        return tuple(shlex.split(given)), ""
    except ValueError as error:
        return (), f"on_event is not used: {plain(error)}: {plain(given, 80)}"


def notification(title: str, text: str, notify: Notify, environment: Mapping[str, str]) -> str:
    """What makes a terminal show a notification of the desktop; empty for one that is not known to do so."""
    kind = _kind_of(environment) if notify == "auto" else notify
    title, text = plain(title, LONGEST).replace(";", ","), plain(text, LONGEST)
    words = {
        "osc9": f"\x1b]9;{': '.join(filter(None, (title, text)))}\x07",
        "osc777": f"\x1b]777;notify;{title};{text}\x07",
    }
    sequence = words.get(kind, "")
    if sequence and environment.get("TMUX"):  # it passes on what is wrapped so, where its user allows that
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    return sequence


def _kind_of(environment: Mapping[str, str]) -> str:
    """How the terminal is asked; a terminal that knows neither would print the words, or nothing."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if program in ("iTerm.app", "WezTerm", "ghostty", "kitty") or term.startswith(("xterm-kitty", "xterm-ghostty")):
        return "osc9"
    if environment.get("KITTY_WINDOW_ID") or environment.get("WT_SESSION") or environment.get("ConEmuPID"):
        return "osc9"
    if term.startswith(("foot", "rxvt-unicode")) or environment.get("VTE_VERSION"):
        return "osc777"
    return ""


class Notifier:
    """Hands alerts to the helper process, which is started by `with` and only where there is a command. Never raises."""

    def __init__(self, settings: AlertSettings) -> None:
        self.settings = settings
        self._helper: subprocess.Popen[bytes] | None = None
        self._problem = ""
        self._partial = b""

    def __enter__(self) -> Self:
        """Start the helper: outside a running Textual application only."""
        if not self.settings.on_event:
            return self
        arguments = ["-m", "gwt_ib_tui.application.alert_helper", f"{COMMAND_S:g}", *self.settings.on_event]
        try:
            self._helper = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            self._problem = f"on_event is not used: no process can be started for it: {error.strerror}"
            return self
        for pipe in (self._pipe("stdin"), self._pipe("stdout")):
            os.set_blocking(pipe.fileno(), False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Let the helper do what it was given, and end by itself."""
        if self._helper is not None:
            for pipe in (self._pipe("stdin"), self._pipe("stdout")):
                with suppress(OSError):
                    pipe.close()
            self._helper.returncode = 0  # nobody waits for it
            self._helper = None

    def send(self, alert: Alert) -> None:
        """Have the command run for this one; one that there is no room for is dropped."""
        if self._helper is None:
            return
        data = json.dumps(alert.variables()).encode() + b"\n"
        try:
            if os.write(self._pipe("stdin").fileno(), data) != len(data):
                self._problem = "on_event: too many events at once"
        except BlockingIOError:
            self._problem = "on_event: the command is too slow for so many events"
        except OSError:
            self._problem = "on_event: its process is gone"
            self._helper = None

    def problems(self) -> list[str]:
        """What has failed since this was asked last, each in a sentence."""
        found = [self._problem] if self._problem else []
        self._problem = ""
        if self._helper is not None:
            with suppress(OSError):
                data = self._partial + os.read(self._pipe("stdout").fileno(), MOST_PROBLEMS)
                *lines, self._partial = data.split(b"\n")
                found += [plain(line.decode(errors="replace"), 200) for line in lines]
        return found

    def _pipe(self, name: Literal["stdin", "stdout"]) -> IO[bytes]:
        assert self._helper is not None
        return cast(IO[bytes], getattr(self._helper, name))
