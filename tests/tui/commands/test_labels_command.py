"""`label`, `delete`, `launch --name`, and the list of runs as text, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.labels import Labels, read_labels, write_labels
from gwt_ib_tui.cli import app
from gwt_ib_tui.commands.completion import FOLDER, complete_run
from gwt_ib_tui.commands.labels import asked_labels, keep_labels
from gwt_ib_tui.commands.run_table import CSV_COLUMNS, MOST_SAID, TITLES

Call = Callable[..., str]
FIRST = "popgym-RepeatFirstEasy-v0"


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls a command in this process, beside three runs; gives what it prints on stdout and then on stderr."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("old", "mid", "new")):
        run = RunDirectory(tmp_path / "runs" / name)
        run.path.mkdir(parents=True)
        record = {"run": name, "state": "finished", "created": 1e9 + number, "env_id": FIRST, "seed": number}
        run.run.write_text(json.dumps({**record, "total_timesteps": 200}))
        run.write_config(Config(env_id=FIRST, lr=0.001 if number == 1 else 0.002, seed=number))
        rows = [{"env_steps": 100, "ep100": value} for value in (0.0, (0.5, 0.9, None)[number])]
        run.metrics.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def called(*arguments: str) -> str:
        app(list(arguments), standalone_mode=False)
        printed = capsys.readouterr()
        return printed.out + printed.err

    return called


def labels_of(name: str) -> Labels:
    return read_labels(RunDirectory(Path("runs") / name))


def runs_left() -> list[str]:
    return sorted(path.name for path in Path("runs").iterdir())


def test_labels_are_given_changed_and_shown(call: Call) -> None:
    assert call("label", "new") == "new  no labels\n"
    call("label", "new", "--name", "best one", "--tag", "a", "--tag", "b", "--note", "as in the paper")
    assert labels_of("new") == Labels("best one", ("a", "b"), "as in the paper")
    assert call("label", "best one", "--untag", "a") == "new  name 'best one'  tags b  notes: as in the paper\n"
    found = json.loads(call("label", "new", "old", "--json"))
    labels = {"name": "best one", "tags": ["b"], "notes": "as in the paper"}
    assert found[0] == {"run": "new", "path": "runs/new", **labels}
    assert found[1]["name"] == ""
    call("label", "new", "--name", "")
    assert labels_of("new").name == ""


def test_tags_go_to_several_runs_a_name_to_one(call: Call) -> None:
    call("label", "new", "old", "new", "--tag", "x")
    assert labels_of("new").tags == labels_of("old").tags == ("x",)
    with pytest.raises(UserError, match="A name is for one run, and these are 2"):
        call("label", "new", "old", "--name", "x")
    with pytest.raises(UserError, match="A tag is one word"):
        call("label", "new", "--tag", "two words")
    assert labels_of("new") == Labels(tags=("x",))


def test_a_name_that_another_run_has_is_said(call: Call) -> None:
    call("label", "new", "--name", "best")
    assert "'best' is also new" in call("label", "old", "--name", "best")
    assert "'mid' is also mid" in call("label", "old", "--name", "mid")


def test_the_labels_of_a_launch_are_checked_before_and_kept_after(call: Call) -> None:
    with pytest.raises(UserError, match="can be no name"):
        asked_labels("latest", None, None)
    run = RunDirectory(Path("runs/new"))
    keep_labels(run, asked_labels(None, None, None))
    assert not run.labels.exists()
    keep_labels(run, asked_labels("n", ["t"], None))
    assert read_labels(run) == Labels("n", ("t",))


def test_a_run_is_deleted_after_yes_alone(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(UserError, match="Nothing was deleted: without a terminal"):
        call("delete", "new")
    terminal = io.StringIO("n\n")
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", terminal)
    assert "runs/new: 100 env steps" in call("delete", "new") and Path("runs/new").exists()
    assert "deleted: runs/new" in call("delete", "new", "old", "--yes")
    assert runs_left() == ["mid"]


def test_of_several_none_is_deleted_where_one_cannot_be(call: Call) -> None:
    Path("link").symlink_to("runs/old")
    with pytest.raises(UserError, match="is a link") as caught:
        call("delete", "new", "link", "--yes")
    assert caught.value.code == ExitCode.USAGE and runs_left() == ["mid", "new", "old"]


def test_the_list_is_the_same_as_text_csv_and_json(call: Call) -> None:
    write_labels(RunDirectory(Path("runs/old")), Labels("=first", ("a", "b"), 'says "x", y'))
    text = call("runs", "--list").splitlines()
    assert text[0].split() == list(TITLES)
    assert [line.split()[0] for line in text[1:]] == ["mid", "old", "new"], "the best on top, none at the end"
    assert "–" in text[1] and "None" not in "\n".join(text)
    rows = list(csv.DictReader(io.StringIO(call("runs", "--csv", "--sort", "-age"))))
    assert list(rows[0]) == list(CSV_COLUMNS) and [row["run"] for row in rows] == ["old", "mid", "new"]
    assert rows[0] | {"created": "", "normalised": ""} == {
        "run": "old", "name": "=first", "state": "finished", "env_steps": "100", "total_timesteps": "200",
        "env_id": FIRST, "settings": "lr=0.002", "seed": "0", "ep100": "0.5", "normalised": "", "evaluation": "",
        "verdict": "wait", "gate_verdict": "wait", "tags": "a b", "notes": 'says "x", y', "created": "",
        "path": "runs/old",
    }  # fmt: skip
    assert rows[2]["ep100"] == "" and rows[0]["created"] == "2001-09-09T01:46:40Z"
    found = json.loads(call("runs", "--json"))
    assert [row["run"] for row in found] == ["old", "mid", "new"], "as programs have had it: the oldest first"
    assert [row["run"] for row in json.loads(call("runs", "--json", "--sort", "ep100"))] == ["mid", "old", "new"]
    known = {"run", "path", "state", "progress", "ep100", "verdict", "gate_verdict", "message", "next_step", "run_json"}
    assert known | {"metrics", "name", "tags", "notes", "settings", "seed", "evaluation", "normalised"} <= set(found[0])
    assert found[0]["tags"] == ["a", "b"] and found[1]["settings"] == {"lr": 0.001} and found[2]["ep100"] is None


def test_a_filter_and_an_order_for_the_list(call: Call) -> None:
    assert [line.split()[0] for line in call("runs", "--list", "--filter", "repeat lr=0.002").splitlines()[1:]] == [
        "old",
        "new",
    ]
    assert call("runs", "--list", "--filter", "#none") == "No run has '#none'.\n"
    assert call("runs", "--csv", "--filter", "#none").splitlines() == [",".join(CSV_COLUMNS)]
    with pytest.raises(UserError, match=r"no column 'epp100'\. Did you mean ep100"):
        call("runs", "--sort", "epp100")
    with pytest.raises(UserError, match="one of --json and --csv"):
        call("runs", "--csv", "--json")


def test_of_many_runs_that_failed_a_few_are_explained(call: Call) -> None:
    for number in range(MOST_SAID + 2):
        folder = Path(f"runs/bad{number}")
        folder.mkdir()
        (folder / "run.json").write_text('{"state": "failed", "message": "the disk is full"}')
    printed = call("runs", "--list")
    assert printed.count("the disk is full It has no snapshot") == MOST_SAID
    assert "2 more did not end well" in printed


def test_a_shell_completes_names_labels_and_latest(call: Call) -> None:
    write_labels(RunDirectory(Path("runs/old")), Labels("newest"))
    (FOLDER / "notes").mkdir()
    assert complete_run("") == ["latest", "mid", "new", "newest", "old"]
    assert complete_run("ne") == ["new", "newest"] and complete_run("x") == complete_run("runs/") == []


def test_completion_imports_nothing_heavy_and_is_asked_for_by_the_shell(call: Call) -> None:
    code = """
import sys
from gwt_ib_tui.cli import app
sys.argv[0] = "gwt-ib-tui"
try:
    app()
finally:
    print([name for name in ("gwt_ib.config", "numpy", "psutil", "textual", "torch") if name in sys.modules])
"""
    asked = {"_GWT_IB_TUI_COMPLETE": "complete_bash", "COMP_WORDS": "gwt-ib-tui status ne", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["new", "[]"], done
