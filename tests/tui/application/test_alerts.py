"""Alerts: what the user has chosen, how a terminal is asked for a notification, and the command that is run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from driving import dashboard, ready, until
from recorded_run import RecordedRun

from gwt_ib.runs.events import Event
from gwt_ib_tui.application import alert_helper
from gwt_ib_tui.application.alerts import Alert, AlertSettings, Notifier, notification, read_alert_settings
from gwt_ib_tui.commands.headless_alerts import HeadlessAlerts

WRITE = """import os, sys
open(sys.argv[1], "a").write(os.environ["GWT_IB_EVENT"] + " " + os.environ["GWT_IB_MESSAGE"] + "\\n")"""


class Noted(Notifier):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__(AlertSettings(on_event=("x",), notify="off"))
        self.alerts: list[Alert] = []

    def send(self, alert: Alert) -> None:
        self.alerts.append(alert)


def test_a_flag_goes_before_the_variable_and_that_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.toml"
    assert read_alert_settings(path, {}) == AlertSettings()
    path.write_text('[keys.app]\nsnapshot = "S"\n[alerts]\non_event = ["tell", "a b"]\nbell = false\nnotify = "osc9"\n')
    assert read_alert_settings(path, {}) == AlertSettings(("tell", "a b"), False, "osc9")
    assert read_alert_settings(path, {"GWT_IB_ON_EVENT": "of 'the variable'"}).on_event == ("of", "the variable")
    assert read_alert_settings(path, {"GWT_IB_ON_EVENT": "variable"}, "flag").on_event == ("flag",)
    assert read_alert_settings(path, {}, "").on_event == (), "an empty flag switches it off"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[alerts]\non_event = "tell \'it"', "on_event is not used: No closing quotation: tell 'it"),
        ("[alerts]\non_event = [1]", "on_event is not used: it is a command"),
        ("[alerts]\nbell = 1", "alerts.bell is true or false"),
        ('[alerts]\nnotify = "loud"', "alerts.notify is one of auto, osc9, osc777, off"),
        ("[alerts]\non_events = 1", "there is no alerts.on_events. Did you mean on_event?"),
        ("alerts = 3", "alerts is a table"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_and_costs_nothing_else(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "dashboard.toml"
    path.write_text(content)
    settings = read_alert_settings(path, {})
    assert settings.on_event == () and settings.bell is True and settings.notify == "auto"
    assert any(words in problem for problem in settings.problems), settings.problems


@pytest.mark.parametrize(
    ("environment", "sequence"),
    [
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "linux"}, ""),
        ({"TERM": "xterm-kitty"}, "\x1b]9;run, 1: it[31m failed\x07"),
        ({"TERM": "foot"}, "\x1b]777;notify;run, 1;it[31m failed\x07"),
        ({"VTE_VERSION": "7000"}, "\x1b]777;notify;run, 1;it[31m failed\x07"),
        ({"TERM_PROGRAM": "WezTerm", "TMUX": "/x"}, "\x1bPtmux;\x1b\x1b]9;run, 1: it[31m failed\x07\x1b\\"),
    ],
)
def test_a_terminal_that_knows_it_is_asked_and_no_other(environment: dict[str, str], sequence: str) -> None:
    assert notification("run; 1", "it\x1b[31m\nfailed", "auto", environment) == sequence
    assert notification("run", "failed", "off", environment) == ""


def test_the_command_gets_the_facts_as_variables_and_no_shell_sees_them(tmp_path: Path) -> None:
    evil = '$(touch pwned); `x` "quoted" \n second'
    facts = Alert("failed", tmp_path, evil).variables()
    assert facts["GWT_IB_MESSAGE"] == '$(touch pwned); `x` "quoted" second', "one line"
    out = tmp_path / "out"
    assert alert_helper.run([sys.executable, "-c", WRITE, str(out)], facts, 60.0) == ""
    assert out.read_text() == 'failed $(touch pwned); `x` "quoted" second\n'
    assert not (tmp_path / "pwned").exists()


def test_a_command_that_fails_is_one_sentence() -> None:
    assert (
        alert_helper.run(["/nowhere/tell"], {}, 9.0)
        == "on_event cannot be started: /nowhere/tell: No such file or directory"
    )
    words = f"on_event ended with exit code 3: {sys.executable}"
    assert alert_helper.run([sys.executable, "-c", "raise SystemExit(3)"], {}, 60.0) == words
    words = f"on_event was ended after 0.01 s: {sys.executable}"
    assert alert_helper.run([sys.executable, "-c", "import time; time.sleep(60)"], {}, 0.01) == words


def test_the_helper_does_what_it_was_given_when_nobody_is_there_any_more(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Notifier(AlertSettings((sys.executable, "-c", WRITE, str(out)))) as notifier:
        notifier.send(Alert("finished", tmp_path, "all updates are made"))
    given_up = time.monotonic() + 60.0
    while not out.exists() or not out.read_text():
        assert time.monotonic() < given_up, "the command was not run"
        time.sleep(0.01)
    assert out.read_text() == "finished all updates are made\n"


def test_without_a_command_no_process_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process"))
    with Notifier(AlertSettings()) as notifier:
        notifier.send(Alert("failed", tmp_path, ""))
        assert notifier.problems() == []


async def test_a_dashboard_tells_of_another_verdict_and_of_the_end(tmp_path: Path) -> None:
    run, noted = RecordedRun(tmp_path / "a-run"), Noted()
    run.learn(31)
    async with dashboard(run, notifier=noted).run_test() as pilot:
        await ready(pilot)
        run.report("fail")
        await until(pilot, lambda: any(alert.event == "verdict" for alert in noted.alerts))
        run.finish("failed", "Actor 0 died; at last it ended with exit code 1: RuntimeError: simulator exploded.")
        await until(pilot, lambda: any(alert.event == "failed" for alert in noted.alerts))
    ended = noted.alerts[-1]
    assert ended.run == run.directory.path and ended.state == "failed" and ended.verdict == "fail"
    assert ended.message == "Run failed: RuntimeError: simulator exploded (actor 0 died)"


def test_a_run_without_a_dashboard_tells_the_same_by_its_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    run, noted = RecordedRun(tmp_path / "a-run"), Noted()
    run.learn(3)
    alerts = HeadlessAlerts(run.directory)
    monkeypatch.setattr(alerts, "_notifier", noted)
    for line in (
        {"kind": "snapshot"},
        {"kind": "verdict", "verdict": "fail", "previous": "pass"},
        {"kind": "finished", "message": ""},
    ):
        alerts.take(Event.from_dict(json.loads(json.dumps(line))))
    assert [(alert.event, alert.message) for alert in noted.alerts] == [
        ("verdict", "training FAIL, was PASS"),
        ("finished", "finished"),
    ]


def test_what_failed_of_the_command_is_said_once(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "a-run")
    alerts, said = HeadlessAlerts(run.directory, "tell 'it"), list[str]()
    alerts.say(said.append)
    alerts.say(said.append)
    assert said == ["on_event is not used: No closing quotation: tell 'it"]
