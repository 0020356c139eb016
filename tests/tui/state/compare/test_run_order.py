"""A list of runs: in which order, found by which words, and that nothing is read twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gwt_ib.config import Config
from gwt_ib.errors import UserError
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.labels import Labels, write_labels
from gwt_ib.runs.record import RunRecord
from gwt_ib_tui.state.compare.run_order import ORDERS, Order, ordered
from gwt_ib_tui.state.compare.run_summaries import RunLister, RunSummary, list_summaries, rarest_first, summary_of

FIRST, PREVIOUS = "popgym-RepeatFirstEasy-v0", "popgym-RepeatPreviousEasy-v0"


def summary(
    name: str, ep100: float | None = None, env_id: str = FIRST, created: float = 0.0, **more: object
) -> RunSummary:
    info = RunRecord(name, env_id=env_id, seed=1, total_timesteps=100, created=created)
    made = RunSummary(RunDirectory(Path(name)), name, info, "finished", 50.0, ep100, "pass", "works")
    return replace(made, **more)  # type: ignore[arg-type]


def names(runs: list[RunSummary]) -> str:
    return "".join(run.name for run in runs)


def test_the_best_is_on_top_and_what_has_no_value_at_the_end() -> None:
    runs = [summary("a", 0.1), summary("b", None), summary("c", 0.9), summary("d", -0.5)]
    assert names(ordered(runs, Order())) == "cadb"
    assert names(ordered(runs, Order("ep100", turned=True))) == "dacb"


def test_runs_of_several_tasks_are_compared_by_floor_and_ceiling() -> None:
    """A return of 0 is worth more where the floor is lower; what has neither comes after, task by task."""
    runs = [
        summary("a", 0.5, FIRST),
        summary("b", 0.4, PREVIOUS),
        summary("x", 900.0, "mine:B-v0"),
        summary("y", 5.0, "mine:A-v0"),
        summary("z", 7.0, "mine:A-v0"),
        summary("n", None, FIRST),
    ]
    shares = {run.name: run.normalised for run in runs}
    assert shares["x"] is None and shares["a"] is not None and shares["b"] is not None
    better = "ab" if shares["a"] > shares["b"] else "ba"
    assert names(ordered(runs, Order())) == better + "zyx" + "n"
    assert names(ordered(runs, Order("ep100", turned=True))) == better[::-1] + "yzx" + "n"
    assert names(ordered(runs[2:3] + runs[3:4], Order())) == "yx", "900 of one task is not better than 5 of another"


def test_by_task_the_best_of_each_comes_first_and_of_equals_the_newest() -> None:
    runs = [
        summary("a", 0.1, PREVIOUS),
        summary("b", 0.2, FIRST, 1.0),
        summary("c", 0.9, PREVIOUS),
        summary("d", 0.2, FIRST, 2.0),
    ]
    assert names(ordered(runs, Order("task"))) == "dbca"


def test_every_column_orders_in_both_directions() -> None:
    better = summary("b", 2.0, PREVIOUS, 2.0, evaluation=2.0, state="running", env_steps=60.0)
    better = replace(better, differs=(("lr", 0.002),), labels=Labels("b", ("b",)), info=replace(better.info, seed=2))
    worse = summary("a", 1.0, FIRST, 1.0, evaluation=1.0, verdict="fail", gate="harmful", labels=Labels("a", ("a",)))
    worse = replace(worse, differs=(("lr", 0.001),), info=replace(worse.info, env_id=PREVIOUS))
    found = {name: names(ordered([worse, better], Order(name))) for name in ORDERS}
    rising = dict.fromkeys(("tags", "name", "settings", "seed"), "ab")
    assert found == dict.fromkeys(ORDERS, "ba") | rising
    turned = {name: names(ordered([worse, better], Order(name, turned=True))) for name in ORDERS}
    assert turned == {name: word[::-1] if name != "task" else "ba" for name, word in found.items()}


def test_an_order_is_a_word() -> None:
    assert Order.of("-age") == Order("age", turned=True) and Order.of("-age").word == "-age"
    assert Order.of("eval_return") == Order("eval") and Order.of("Training") == Order("train")
    assert [Order(name).arrow for name in ("ep100", "age", "seed")] == ["↓", "↑", "↑"]
    assert Order("ep100").reversed().arrow == "↑" and Order("age").by("age") == Order("age", turned=True)
    seen = [Order()]
    while (following := seen[-1].next()) != Order():
        seen.append(following)
    assert [order.name for order in seen] == list(ORDERS)
    with pytest.raises(UserError, match=r"no column 'evil'\. Did you mean eval"):
        Order.of("evil")
    with pytest.raises(UserError, match="There are ep100, eval, "):
        Order.of("")


def test_a_filter_finds_settings_tags_and_names() -> None:
    run = summary("dir", labels=Labels("Wide gate", ("paper",)), config=Config(lr=0.001, memory=True, gate="router"))
    found = ("lr=0.001", "lr=1e-3", "gate=router", "gate=r", "memory=true", "#paper", "paper", "wide", "s1", "dir")
    assert [word for word in found if not run.has(word)] == []
    missed = ("lr=0.00", "lr=0.0010001", "gate=td", "memory=false", "#pap er", "seed=2", "lr=x")
    assert [word for word in missed if run.has(word)] == []
    assert not summary("dir").has("lr=0.001"), "its settings are not known"


def test_what_is_peculiar_to_a_run_comes_first() -> None:
    common = (("lr", 0.002), ("gate", "td"), ("total_timesteps", 5))
    odd = (("lr", 0.002), ("gate", "open"), ("total_timesteps", 6))
    assert rarest_first([common, common, odd])[2] == (("gate", "open"), ("lr", 0.002), ("total_timesteps", 6))


def test_a_run_is_called_by_what_other_columns_do_not_say() -> None:
    named = {
        summary(name).title: name
        for name in (f"{FIRST}__wide__s1", f"{FIRST}__s1__20261126T134918Z-4359", "my run", "x__s12")
    }
    assert list(named) == ["wide", "4359", "my run", "x__s12"]
    assert summary("my run", labels=Labels("best")).title == "best"
    assert summary("my run").task == "RepeatFirstEasy" and summary("r", env_id="mine:A-v0").task == "mine:A-v0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        run = RunDirectory(tmp_path / f"run{number}")
        run.path.mkdir()
        run.run.write_text(json.dumps({"state": "finished", "created": number, "env_id": FIRST, "seed": 1}))
        run.write_config(Config(env_id=FIRST, lr=0.001 if number == 2 else 0.002))
        run.metrics.write_text('{"env_steps": 9, "ep100": 0.5, "eval_return": 0.25}\n{"env_steps": 10, "ep100": 0.6}\n')
    return tmp_path


def test_the_runs_of_a_folder_with_their_labels_and_differences(folder: Path) -> None:
    write_labels(RunDirectory(folder / "run1"), Labels("best", ("a",)))
    runs = {run.name: run for run in list_summaries(folder).runs}
    assert [run.differs for run in runs.values()] == [(("lr", value),) for value in (0.001, 0.002, 0.002)]
    assert (runs["run1"].labels.name, runs["run1"].evaluation, runs["run1"].ep100) == ("best", 0.25, 0.6)
    assert runs["run0"].labels == Labels()


def test_the_evaluation_is_that_of_the_last_snapshot_unless_it_is_stale(folder: Path) -> None:
    run = RunDirectory(folder / "run0")
    final = {"format": 1, "snapshot": "10", "weights": "x", "env_steps": 10, "returns": [0.75], "mean": 0.75}
    run.final_evaluation.write_text(json.dumps(final))
    assert summary_of(run, None).evaluation == 0.75
    run.metrics.write_text('{"env_steps": 9, "eval_return": 0.25}\n{"env_steps": 20}\n')
    assert summary_of(run, None).evaluation == 0.25


def test_what_has_not_changed_is_not_read_again_among_many(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3, 200):
        (folder / f"run{number}").mkdir()
        (folder / f"run{number}" / "run.json").write_text('{"state": "finished", "created": 1}')
    lister = RunLister(folder)
    lister.poll()
    before = {run.name: run for run in lister.summaries.runs}
    read: list[str] = []
    monkeypatch.setattr(
        "gwt_ib_tui.state.compare.run_summaries.summary_of",
        lambda run, config: read.append(run.name) or summary_of(run, config),
    )
    write_labels(RunDirectory(folder / "run1"), Labels("best"))
    lister.poll()
    assert read == ["run1"] and len(lister.summaries.runs) == 200
    changed = {run.name for run in lister.summaries.runs if run is not before[run.name]}
    assert changed == {"run1"}
