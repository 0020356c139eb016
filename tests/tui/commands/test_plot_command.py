"""`plot` as a user meets it: figures of runs, folders and sweeps, and each mistake as a sentence."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from figure_runs import write_run

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.sweeps.directory import SweepDirectory
from gwt_ib.sweeps.states import read_states
from gwt_ib_tui.commands.plotting import plot, runs_named

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[RunDirectory]:
    """Two seeds of one setting and one of another, under `runs/` of the present directory."""
    monkeypatch.chdir(tmp_path)
    settings = {"a": (1, 0.001), "b": (2, 0.001), "other": (1, 0.002)}
    return [
        write_run(tmp_path / "runs" / name, [0.0, 0.5 * seed, 1.0], seed=seed, lr=lr)
        for name, (seed, lr) in settings.items()
    ]


def rows_of(path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(Path(path).read_text().splitlines()))


def test_the_command_writes_figure_and_data_and_says_what_the_bands_are(
    runs: list[RunDirectory], command: Command
) -> None:
    done = command("plot", "runs", "--metric", "ep100,mean_c", "--style", "print", "--size", "text", "--out", "fig.pdf")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["fig.pdf", "fig.csv"] and "Student's t" in done.stderr
    assert Path("fig.pdf").read_bytes().startswith(b"%PDF")
    assert {(row["panel"], row["series"], row["n"]) for row in rows_of("fig.csv")} == {
        (panel, series, n) for panel in ("ep100", "mean_c") for series, n in (("lr=0.001", "2"), ("lr=0.002", "1"))
    }


def test_runs_are_named_by_pattern_folder_or_name_each_once(runs: list[RunDirectory]) -> None:
    assert [run.name for run in runs_named(["[ab]", "a", "runs/other"])] == ["a", "b", "other"]
    assert len(runs_named(["runs", "runs/a"])) == 3
    with pytest.raises(UserError, match=r"no sweep and no run 'othr'\. Did you mean other"):
        runs_named(["othr"])


def test_runs_of_a_sweep_have_its_arms(tmp_path: Path) -> None:
    sweep = tmp_path / "sweeps" / "small"
    (sweep / "runs").mkdir(parents=True)
    (sweep / "sweep.toml").write_text('[grid]\nseed = [1, 2]\n[[arm]]\nname = "quick"\n')
    members = read_states(SweepDirectory(sweep)).members
    write_run(members[0].path, [0.5], **members[0].member.config.model_dump(exclude_unset=True))
    assert runs_named([str(sweep)]) == {RunDirectory(members[0].path): "quick"}


@pytest.mark.parametrize("kind", ["gate", "c"])
def test_the_gate_has_figures_of_its_own(runs: list[RunDirectory], kind: str) -> None:
    plot(["a", "b"], Path("gate.svg"), kind=kind, at="start,end", smooth=0.5)  # type: ignore[arg-type]
    assert Path("gate.svg").exists() and {row["y_name"] for row in rows_of("gate.csv")} == {"c"}


def test_single_runs_and_names_of_ones_own(runs: list[RunDirectory]) -> None:
    plot(["runs"], Path("fig.png"), single=True, label=["one", "two", "three"], x="time", title="Runs")
    assert {row["series"] for row in rows_of("fig.csv")} == {"one", "two", "three"}
    assert rows_of("fig.csv")[0]["x_name"] == "elapsed_s"


MISTAKES = {
    "metric": ({"metric": ["eqp100"]}, "no metric 'eqp100' to draw. Did you mean ep100"),
    "score": ({"kind": "bars", "metric": ["return"]}, "There are mmer, ep100, evaluation."),
    "two-scores": ({"kind": "bars", "metric": ["mmer,ep100"]}, "shows one --metric at a time"),
    "metric-of-gate": ({"kind": "gate", "metric": ["ep100"]}, "has no --metric"),
    "moment": ({"kind": "gate", "at": "soon"}, "'soon' is no moment"),
    "size": ({"size": "colum"}, "is no size: give column, text, or inches as in 5x3. Did you mean column"),
    "huge": ({"size": "500x3"}, "0.5 to 50 inches"),
    "labels": ({"label": ["one"]}, "2 lines and 1 labels"),
    "bars": ({"kind": "bars"}, "No finished run has a score mmer."),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_a_sentence_and_writes_nothing(runs: list[RunDirectory], name: str) -> None:
    options, words = MISTAKES[name]
    with pytest.raises(UserError) as refused:
        plot(["runs"], Path("fig.svg"), **options)  # type: ignore[arg-type]
    assert words in refused.value.message
    assert not list(Path().glob("fig.*"))


def test_an_ending_is_looked_at_before_anything_is_read_and_a_missing_folder_is_said(runs: list[RunDirectory]) -> None:
    with pytest.raises(UserError, match=r"give fig\.pdf in place of fig\.bmp"):
        plot(["nowhere"], Path("fig.bmp"))
    with pytest.raises(UserError, match=r"Cannot write no/fig.png: No such file or directory\.") as refused:
        plot(["a"], Path("no/fig.png"))
    assert refused.value.code == ExitCode.INPUT_OUTPUT
