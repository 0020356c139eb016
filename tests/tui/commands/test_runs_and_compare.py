"""`compare` and `runs` where there is no terminal: what is printed, for people and for programs."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from recorded_run import RecordedRun

from gwt_ib.errors import UserError
from gwt_ib_tui.commands.comparing import compare, select_runs, with_baseline_first
from gwt_ib_tui.state.compare.run_set import MOST_RUNS

Command = Callable[..., "subprocess.CompletedProcess[str]"]
REPEAT = "popgym-RepeatPreviousEasy-v0"


@pytest.fixture
def runs(tmp_path: Path) -> list[RecordedRun]:
    """Two seeds of one setting and a run of another, the oldest first."""
    settings = {"repeat-s1-aa": {"seed": 1}, "repeat-s2-bb": {"seed": 2}, "fast-s1-cc": {"seed": 1, "lr": 1e-3}}
    made = []
    for number, (name, values) in enumerate(settings.items()):
        run = RecordedRun(tmp_path / "runs" / name, env_id=REPEAT, eval_every=5, **values)
        run.learn(20 + 10 * number)
        run.beat(created=1e9 + number)
        run.finish()
        made.append(run)
    return made


def test_json_tells_every_run_its_difference_from_the_first_and_each_setting(
    command: Command, runs: list[RecordedRun]
) -> None:
    result = command("compare", "repeat-s1-aa", "repeat-s2-bb", "runs/fast-s1-cc", "--json")
    assert result.returncode == 0 and result.stderr == ""
    found = json.loads(result.stdout)
    assert found["baseline"] == "repeat-s1-aa"
    assert [row["run"] for row in found["runs"]] == ["repeat-s1-aa", "repeat-s2-bb", "fast-s1-cc"]
    first, second, third = found["runs"]
    assert (first["env_id"], first["seed"], first["state"], first["verdict"]) == (REPEAT, 1, "finished", "pass")
    assert first["env_steps"] == 20 * 4096 and third["env_steps"] == 40 * 4096
    for name in ("ep100", "eval_return", "mmer", "td_std", "mean_c", "explained_variance"):
        assert isinstance(first[name], float)
        assert first["delta"][name]["delta"] == 0.0
        delta = second["delta"][name]
        assert delta["env_steps"] == 20 * 4096 and delta["delta"] == delta["value"] - delta["baseline"]
        assert delta["baseline"] == pytest.approx(first[name])
    assert [row["differs"] for row in found["runs"]] == [{"lr": 0.00025}, {"lr": 0.00025}, {"lr": 0.001}]
    assert [(group["seeds"], group["settings"]) for group in found["groups"]] == [
        ([1, 2], {"lr": 0.00025}),
        ([1], {"lr": 0.001}),
    ]
    ep100 = found["groups"][0]["metrics"]["ep100"]
    assert ep100["n"] == 2 and ep100["mean"] == pytest.approx((first["ep100"] + second["ep100"]) / 2)
    assert ep100["std"] == pytest.approx(abs(first["ep100"] - second["ep100"]) / 2**0.5)
    assert found["groups"][1]["metrics"]["ep100"]["std"] is None


def test_the_table_has_a_line_a_run_and_a_line_a_setting(command: Command, runs: list[RecordedRun]) -> None:
    lines = command("compare", "repeat-*", "fast-s1-cc").stdout.splitlines()
    assert lines[0].split()[:6] == ["run", "env", "seed", "state", "env", "steps"]
    assert [line.split()[0] for line in lines[1:4]] == ["repeat-s1-aa", "repeat-s2-bb", "fast-s1-cc"]
    assert "RepeatPreviousEasy-v0" in lines[1] and "122,880" in lines[2] and lines[3].rstrip().endswith("lr=0.001")
    assert all("pass" in line and "finished" in line for line in lines[1:4])
    assert "P(better than a run of lr=0.00025)" in lines[5]
    assert lines[6].split() == ["setting", "runs", "seeds", "env", "steps", "mean", "IQM", "delta", "P(better)"]
    assert lines[7].split()[:6] == ["lr=0.00025", "2", "of", "2", "1,", "2"] and "81,920" in lines[7]
    assert "[" in lines[7] and lines[7].split()[-1] == "baseline", "of two seeds there is an interval"
    assert lines[8].split()[0] == "lr=0.001" and "[" not in lines[8], "and of one there is none"
    assert lines[10].startswith("last evaluation: mean over runs with its 95 % interval")


def test_csv_has_a_row_a_setting_with_the_baseline_that_is_asked_for(
    runs: list[RecordedRun], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    compare(["repeat-*", "fast-s1-cc"], baseline="lr=0.001", as_csv=True)
    printed = capsys.readouterr()
    first, second = csv.DictReader(io.StringIO(printed.out))
    assert (first["setting"], first["runs"], first["baseline"]) == ("lr=0.001", "1", "1")
    assert (second["seeds"], second["names"]) == ("1 2", "repeat-s1-aa repeat-s2-bb")
    assert float(second["ep100_mean_low"]) <= float(second["ep100_mean"]) <= float(second["ep100_mean_high"])
    assert 0 <= float(second["eval_return_probability_of_improvement"]) <= 1
    assert first["ep100_mean_low"] == first["ep100_probability_of_improvement"] == ""
    assert "A setting of one run has no interval" in printed.err


def test_a_baseline_is_a_run_or_a_setting_among_those_compared(
    runs: list[RecordedRun], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = select_runs(["repeat-*", "fast-s1-cc"])

    def first(name: str | None) -> str:
        found = with_baseline_first(chosen, name)
        assert len(found) == 3
        return found[0].name

    assert first(None) == first("lr=2.5e-4") == first("runs/repeat-s1-aa") == "repeat-s1-aa"
    assert first("seed=2 memory=true") == "repeat-s2-bb" and first("fast-s1-cc") == "fast-s1-cc"
    with pytest.raises(UserError, match=r"'repeat-s1-ab' is none of the runs .*Did you mean .*repeat-s1-aa"):
        first("repeat-s1-ab")
    with pytest.raises(UserError, match=r"They are repeat-s1-aa, repeat-s2-bb, fast-s1-cc"):
        first("lr=7")


def test_without_two_seeds_there_is_no_table_of_settings(command: Command, runs: list[RecordedRun]) -> None:
    assert len(command("compare", "repeat-s1-aa", "fast-s1-cc").stdout.splitlines()) == 3


@pytest.mark.parametrize("environment", [{"CI": "1"}, {"TERM": "dumb"}])
def test_where_no_screen_can_be_shown_there_is_a_table(
    command: Command, runs: list[RecordedRun], environment: dict[str, str]
) -> None:
    assert "repeat-s1-aa" in command("compare", "repeat-s1-aa", **environment).stdout


def test_a_run_that_is_not_there_is_said_with_the_nearest(command: Command, runs: list[RecordedRun]) -> None:
    result = command("compare", "repeat-s1-aa", "repeat-s1-ab", "--json")
    assert result.returncode == 2 and result.stdout == ""
    assert "There is no run 'repeat-s1-ab'" in result.stderr and "repeat-s1-aa" in result.stderr
    assert command("compare", "nothing*").returncode == 2


def test_runs_are_named_by_path_name_pattern_or_latest(
    runs: list[RecordedRun], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    def named(*names: str) -> list[str]:
        return [run.name for run in select_runs(names)]

    assert named("latest", "repeat-*") == ["fast-s1-cc", "repeat-s1-aa", "repeat-s2-bb"]
    assert named("runs/*-s1-*") == ["repeat-s1-aa", "fast-s1-cc"]
    assert named("repeat-s2-bb", "runs/repeat-s2-bb/", str(tmp_path / "runs" / "repeat-s2-bb")) == ["repeat-s2-bb"]
    assert named("repeat-s[23]-??") == ["repeat-s2-bb"]


def test_a_run_whose_name_has_the_signs_of_a_pattern_can_be_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    RecordedRun(tmp_path / "runs" / "odd[1]")
    monkeypatch.chdir(tmp_path)
    assert [run.name for run in select_runs(["odd[1]"])] == ["odd[1]"]


def test_too_many_runs_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for number in range(MOST_RUNS + 1):
        folder = tmp_path / "runs" / f"run{number}"
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=f"{MOST_RUNS + 1} runs are too many"):
        select_runs(["run*"])


def test_runs_are_listed_without_a_terminal(command: Command, runs: list[RecordedRun]) -> None:
    for arguments in (("runs",), ("runs", "--list", "--sort=-age")):
        lines = command(*arguments).stdout.splitlines()
        assert lines[0].split() == [
            "run",
            "state",
            "done",
            "task",
            "settings",
            "seed",
            "ep100",
            "eval",
            "training",
            "gate",
            "age",
        ]
        assert "None" not in "".join(lines) and "lr=0.001" in "".join(lines)
    assert [line.split()[:2] for line in lines[1:]] == [[run.directory.name, "finished"] for run in runs]
    assert [row["run"] for row in json.loads(command("runs", "--json").stdout)] == [run.directory.name for run in runs]


def test_a_folder_without_runs_is_said(command: Command) -> None:
    result = command("runs")
    assert result.returncode == 0 and result.stdout == "" and "no run under runs/ yet" in result.stderr
    assert command("runs", "--json").stdout.strip() == "[]"


@pytest.mark.parametrize("arguments", [["compare", "repeat-*"], ["compare", "latest", "--json"], ["runs"]])
def test_printing_imports_neither_textual_nor_plotext_nor_torch(
    runs: list[RecordedRun], tmp_path: Path, arguments: list[str]
) -> None:
    code = f"""
import sys
from gwt_ib_tui.cli import app
app({arguments!r}, standalone_mode=False)
print([name for name in ("textual", "plotext", "torch", "gymnasium") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
