"""A run directory full of hostile words: whatever command looks at it, no control character reaches the terminal."""

from __future__ import annotations

import json
import subprocess
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from recorded_run import RecordedRun

from gwt_ib_tui.cli import app
from gwt_ib_tui.terminal import json_line

Command = Callable[..., "subprocess.CompletedProcess[str]"]
EVIL = "evil \x1b[2J\x1b]0;title\x07 \x9b31m \x7f \u202eright to left\u202c \r\u2028 [bold]markup[/bold] \ud800"
NAME = "run \x1b[31m\u202e"


def poisoned(value: object) -> object:
    """The same JSON with every text in it hostile."""
    if isinstance(value, str):
        return f"{value}{EVIL}"
    if isinstance(value, list):
        return [poisoned(entry) for entry in value]
    return {name: poisoned(entry) for name, entry in value.items()} if isinstance(value, dict) else value


@pytest.fixture
def hostile(tmp_path: Path) -> RecordedRun:
    """A failed run in which only what has to be read to get further is left as it was."""
    run = RecordedRun(tmp_path / "runs" / NAME, eval_every=2)
    run.learn(6)
    run.save_snapshot()
    for kind in ("warning", "snapshot", "trouble", "evaluation"):
        fields = {"evaluation": {"eval_return": 1.0}, "snapshot": {"path": EVIL}}.get(kind, {"message": EVIL})
        run.event(kind, **fields)
    run.events.append({"kind": EVIL, EVIL: EVIL, "update": 6})
    run.log("learner", EVIL)
    run.prints("actor-0", EVIL.encode(errors="replace"))
    run.finish("failed", EVIL)
    record = json.loads(run.directory.run.read_text())
    kept = {name: record[name] for name in ("state", "format", "created", "exit_code")}
    run.directory.run.write_text(json.dumps({**poisoned(record), **kept}))  # type: ignore[dict-item]
    verdict = json.loads(run.directory.gatecheck.read_text())
    run.directory.gatecheck.write_text(json.dumps(poisoned(verdict)))
    row = run.directory.metrics.read_text().splitlines()[-1]
    extra = json.dumps({EVIL: EVIL, "seed": EVIL, "bad": "\x7f"})[:-1] + ', "big": 1e999, "none": NaN}'
    run.directory.metrics.write_text(
        run.directory.metrics.read_text() + row[:-1] + "," + extra[1:] + "\n"  # a row more, with all of that in it
    )
    (run.directory.incidents / f"actor-0-{NAME}.json").write_text("{}")
    run.directory.labels.write_text(json.dumps({"name": EVIL, "tags": [EVIL, EVIL], "notes": EVIL}))
    (run.directory.path / NAME).write_text("none of the run's")
    config = json.loads(run.directory.config.read_text())
    run.directory.config.write_text(json.dumps(config | {"env_id": f"evil_env{EVIL}:Env-v0"}))
    return run


COMMANDS: dict[str, list[list[str]]] = {
    "launch": [["launch", "--headless", f"nowhere{EVIL[:-1]}:Env-v0"], ["launch", "--set", f"{EVIL[:-1]}=1"]],
    "resume": [
        ["resume", "RUN", "--headless"],
        ["resume", "RUN", "--headless", "--trust", "--total-timesteps", "900000"],
    ],
    "attach": [["attach", "RUN"]],
    "replay": [["replay", "RUN"]],
    "serve": [["serve", NAME + "x"]],
    "runs": [["runs"], ["runs", "--json"], ["runs", "--list"], ["runs", "--csv"], ["runs", "--sort", EVIL[:-1]]],
    "label": [["label", "RUN"], ["label", "RUN", "--json"], ["label", "RUN", "--name", EVIL[:-1], "--tag", EVIL[:-1]]],
    "delete": [["delete", NAME + "x"], ["delete", "RUN"]],
    "compare": [["compare", "RUN"], ["compare", "RUN", "--json"], ["compare", "RUN", "--csv", "--baseline", NAME]],
    "sweep": [["sweep", "sweep.toml", "--dry-run"], ["sweep", f"{NAME}.toml"], ["sweep", "evil.toml", "--headless"]],
    "results": [["results", "RUN", "--no-evaluate", *form] for form in ([], ["--json"], ["--csv"], ["--markdown"])],
    "plot": [["plot", "RUN", "--out", f"{NAME}.svg"], ["plot", "RUN", "--metric", NAME, "--out", "fig.svg"]],
    "export": [
        ["export", "RUN", "--to", "csv", "--out", f"{NAME}.csv"],
        ["export", "RUN", "--to", "tensorboard", "--out", NAME],
    ],
    "status": [["status", "RUN"], ["status", "RUN", "--json"]],
    "check": [["check", "RUN"], ["check", "RUN", "--json"]],
    "evaluate": [
        ["evaluate", "RUN"],
        ["evaluate", "RUN", "--trust"],
        ["evaluate", "RUN", "--now"],
        ["evaluate", "RUN", "--gate", "all"],
    ],
    "watch": [
        ["watch", "RUN"],
        ["watch", "RUN", "--trust"],
        ["watch", "RUN", "--gate", EVIL[:-1]],
        ["watch", "RUN", "--json"],
    ],
    "picture": [["picture", "RUN", "x.svg"], ["picture", "RUN", f"{NAME}.png"]],
    "pause": [["pause", "RUN"]],
    "unpause": [["unpause", "RUN"]],
    "snapshot": [["snapshot", "RUN"]],
    "stop": [["stop", "RUN"]],
    "set": [["set", "RUN", "lr=1e-3"], ["set", "RUN", f"{NAME}=1"]],
    "verify": [["verify", "RUN"], ["verify", "RUN", "--json"]],
    "incident": [["incident", "INCIDENT"]],
    "bench": [["bench", f"nowhere{EVIL[:-1]}:Env-v0"]],
    "envs": [["envs"]],
    "config": [["config"], ["config", "--config", "evil.toml"]],
    "metrics": [["metrics"]],
    "keys": [["keys"]],
}
EXISTING = {
    command.name or command.callback.__name__.rstrip("_") for command in app.registered_commands if command.callback
}


def test_every_command_is_tried() -> None:
    assert set(COMMANDS) >= EXISTING, "a command prints by gwt_ib_tui.terminal, and this is where it is shown"


@pytest.mark.parametrize("name", sorted(EXISTING))
def test_no_control_character_reaches_the_terminal(name: str, hostile: RecordedRun, command: Command) -> None:
    tmp_path = hostile.directory.path.parents[1]
    (tmp_path / "evil.toml").write_text("lr = '''\x1b[2J'''\n")
    (tmp_path / "sweep.toml").write_text(f'[grid]\nenv_id = ["{EVIL[5:9]}"]\n[[arm]]\nname = {json.dumps(EVIL[:-1])}\n')
    own = {"RUN": str(hostile.directory.path), "INCIDENT": str(next(hostile.directory.incidents.iterdir()))}
    for arguments in COMMANDS[name]:
        shown = command(*(own.get(word, word) for word in arguments), PYTHONIOENCODING="utf-8:strict")
        for text in (shown.stdout, shown.stderr):
            raw = sorted({letter for letter in text if unicodedata.category(letter)[0] == "C"} - {"\n"})
            assert not raw, (arguments, raw, text)
        assert "Traceback" not in shown.stderr, (arguments, shown.stderr)
        if "--json" in arguments and not shown.returncode:
            json.loads(shown.stdout, parse_constant=_refuse)
            assert shown.stdout.isascii()


def test_a_hostile_name_is_still_shown_as_an_escape(hostile: RecordedRun, command: Command) -> None:
    shown = command("status", str(hostile.directory.path))
    assert "failed" in shown.stdout and "gwt-ib-tui resume" in shown.stdout


def test_numbers_that_json_has_not_are_null_and_deep_nesting_is_an_error() -> None:
    assert json_line({"a": float("inf"), "b": [float("nan")]}) == '{"a": null, "b": [null]}'
    assert json.loads(json_line("\x7f\x1b")) == "\x7f\x1b" and "\x7f" not in json_line("\x7f")


def test_the_seconds_of_a_dashboard_show_no_hostile_word(hostile: RecordedRun, command: Command) -> None:
    for screen in ("live", "gate", "check", "log", "compare"):
        shown = command("picture", str(hostile.directory.path), "x.svg", "--screen", screen)
        assert not shown.returncode, shown.stderr
        drawn = (Path(hostile.directory.path).parents[1] / "x.svg").read_text()
        assert not [letter for letter in drawn if unicodedata.category(letter) in ("Cc", "Cf", "Cs") and letter != "\n"]


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
