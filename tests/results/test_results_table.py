"""The table: rows, sums, arm against arm, and every sentence about what is missing; its forms never invent anything."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from gwt_ib.config import Config
from gwt_ib.results.forms import CSV_COLUMNS, as_csv, as_json, as_markdown, in_words
from gwt_ib.results.intervals import Estimate
from gwt_ib.results.notes import notes_on, without_doubles
from gwt_ib.results.reference import popgym_tasks
from gwt_ib.results.run_scores import PlannedRun, RunScores, Status
from gwt_ib.results.table import ResultsTable, make_table
from gwt_ib.runs.directory import RunDirectory

COUNT, REPEAT = "popgym-CountRecallEasy-v0", "popgym-RepeatPreviousMedium-v0"


def scored(
    env_id: str, arm: str, seed: int, value: float | None = None, status: Status = "finished", **others: Any
) -> RunScores:
    """A run with all its scores the same, as far as it is finished."""
    run = RunDirectory(Path(f"runs/{env_id}__{arm}__s{seed}"))
    planned = PlannedRun(run, Config(env_id=env_id, seed=seed), arm, status, others.pop("cause", ""))
    if value is None:
        return RunScores(planned, **others)
    return RunScores(planned, 500_000, value, 7, value, value, 1000.0 * seed, **others)


def two_arms() -> list[RunScores]:
    found = [scored(COUNT, "budget", seed, 0.1 * seed - 0.2) for seed in (1, 2, 3)]
    found += [scored(COUNT, "free", seed, -0.5) for seed in (1, 2)] + [scored(COUNT, "free", 3, status="running")]
    found += [scored(REPEAT, "budget", seed, -0.4 + 0.01 * seed) for seed in (1, 2, 3)]
    return [*found, *(scored(REPEAT, "free", seed, 0.1) for seed in (1, 2, 3))]


def notes(table: ResultsTable) -> str:
    return "\n".join(notes_on(table))


def test_a_row_has_its_finished_runs_alone_and_is_placed_between_floor_and_ceiling() -> None:
    table = make_table(two_arms())
    assert [(row.env_id, row.arm) for row in table.rows] == [
        (COUNT, "budget"), (COUNT, "free"), (REPEAT, "budget"), (REPEAT, "free"),
    ]  # fmt: skip
    budget, free = table.rows[:2]
    assert free.runs == {"planned": 3, "finished": 2, "running": 1, "unfinished": 0, "waiting": 0, "failed": 0}
    assert free.seeds == (1, 2) and free.scores["mmer"].values == (-0.5, -0.5)
    found = budget.scores["evaluation"]
    assert found.mean is not None and found.normalised is not None and found.mean.low is not None
    assert found.mean.value == pytest.approx(0.0) and found.normalised.value == pytest.approx(0.93 / 1.93)
    assert found.normalised.low == pytest.approx((found.mean.low + 0.93) / 1.93)
    assert budget.steps_per_s == 2000.0


def test_arms_are_summed_over_the_tasks_that_are_there_and_set_against_each_other() -> None:
    table = make_table(two_arms())
    total = table.arms["free"]["evaluation"]
    assert total.sum is not None and total.normalised_tasks == 2 and total.sum.tasks == 2
    assert total.sum.value.value == pytest.approx(-0.4) and total.sum.gru_return == pytest.approx(0.22 - 0.39)
    assert (total.sum.with_gru_mmer, total.sum.gru_mmer) == (2, pytest.approx(0.177 - 0.315))
    (improvement,) = table.improvements
    assert (improvement.arm, improvement.over, improvement.tasks["mmer"]) == ("free", "budget", 2)
    assert improvement.by["mmer"] == Estimate(0.5, 0.5, 0.5), "worse on one task, better on the other"
    assert "9 of 12" not in notes(table) and "11 of 12 runs are finished, 1 running" in notes(table)
    assert "Of the 48 tasks the sums are over the 2 that are there" in notes(table)
    assert "15,000,000 env steps, these runs have made 500,000" in notes(table)


def test_all_48_tasks_are_summed_beside_the_whole_published_sum() -> None:
    table = make_table([scored(env_id, "default", 1, 0.5) for env_id in popgym_tasks()])
    total = table.arms["default"]["mmer"]
    assert total.sum is not None and total.sum.value == Estimate(24.0) and total.normalised_tasks == 44
    assert total.sum.gru_return == pytest.approx(16.53) and total.sum.with_gru_mmer == 25
    said = notes(table)
    assert "over all 48 tasks" in said and "no intervals" in said
    assert "Not normalised, as no ceiling is known: MineSweeperHard, LabyrinthExplore" in said


def test_a_task_that_is_not_popgym_s_a_failed_run_and_one_seed_are_said_and_no_none_is_printed() -> None:
    runs = [
        scored("CartPole-v1", "default", 1, 20.0),
        scored("CartPole-v1", "default", 2, status="failed", cause="The learner failed.\x1b[2J"),
        scored(COUNT, "default", 1, 0.2, problems=("no evaluation of its last snapshot",)),
        scored(COUNT, "default", 2, 0.3),
        scored(REPEAT, "default", 1, status="waiting"),
    ]
    table = make_table(runs)
    said = notes(table)
    assert "None of POPGym's tasks, so neither normalised nor in a sum: CartPole-v1." in said
    assert "CartPole-v1__default__s2 failed: The learner failed." in said and "\x1b" not in said
    assert "3 of 5 runs are finished, 1 waiting, 1 failed" in said
    assert "One finished seed, so no interval, and none of what is made of it: CartPole-v1 (default)." in said
    assert f"{COUNT}__default__s1: no evaluation of its last snapshot." in said
    printed = as_markdown(table, notes_on(table)) + as_csv(table) + str(in_words(table))
    assert "None" not in printed.replace("None of POPGym's", "") and "nan" not in printed
    assert table.rows[0].as_dict()["popgym"] is None


def test_a_table_of_nothing_finished_has_its_rows_and_no_scores() -> None:
    table = make_table([scored(COUNT, "default", 1, status="waiting")])
    assert [words.title[:12] for words in in_words(table)] == ["Per task and", "Beside it: f"]
    assert "0 of 1 runs are finished, 1 waiting" in notes(table)
    json.dumps(as_json(table, []), allow_nan=False)


def test_two_runs_of_one_seed_are_one_sample() -> None:
    first, again = scored(COUNT, "default", 1, status="failed"), scored(COUNT, "default", 1, 0.5)
    kept, said = without_doubles([first, again, scored(COUNT, "default", 2, 0.1)])
    assert [each.mmer for each in kept] == [0.5, 0.1] and "1 run of a task, arm and seed" in said[0]
    assert without_doubles([first]) == ([first], [])


def test_the_csv_has_a_row_a_task_and_arm_with_columns_that_stay() -> None:
    (first, *rest) = csv.DictReader(io.StringIO(as_csv(make_table(two_arms()))))
    assert tuple(first) == CSV_COLUMNS and len(rest) == 3
    assert CSV_COLUMNS[:9] == (
        "env_id", "arm", "planned", "finished", "running", "unfinished", "waiting", "failed", "env_steps",
    )  # fmt: skip
    assert first["env_id"] == COUNT and first["mmer_n"] == "3" and float(first["mmer_high"]) > 0
    assert (first["floor"], first["ceiling_method"], first["gru_mmer"]) == ("-0.93", "perfect counter", "0.177")


def test_the_markdown_is_a_table_that_a_name_cannot_break() -> None:
    table = make_table([scored(COUNT, "a|b\n", seed, 0.1 * seed) for seed in (1, 2)])
    head, rule, row = as_markdown(table, ["A note."]).splitlines()[2:5]
    assert head.startswith("| task | arm | seeds | MMER |") and rule.startswith("| --- | --- | ---: |")
    assert row.startswith("| CountRecallEasy | a\\|b | 2 of 2 | 0.150 [0.100, 0.200] |")
    assert as_markdown(table, ["A note."]).endswith("\n- A note.\n")


def test_the_json_has_every_run_and_how_it_was_made() -> None:
    found = json.loads(json.dumps(as_json(make_table(two_arms()), ["A note."]), allow_nan=False))
    assert set(found) == {"format", "method", "runs", "rows", "arms", "improvements", "members", "notes"}
    assert found["method"]["bootstrap_seed"] == 0 and found["method"]["mmer_epoch_steps"] == 65536
    assert found["rows"][0]["popgym"]["ceiling"]["method"] == "perfect counter"
    assert len(found["members"]) == 12 and found["members"][5]["mmer"] is None
