"""`launch --seeds`: which seeds the words mean, and the sweep that is made of a setting without a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import small_config

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import find_run, list_runs
from gwt_ib.runs.labels import Labels, read_labels, write_labels
from gwt_ib.sweeps.directory import find_sweep, make_directory
from gwt_ib.sweeps.seeds import label_run, make_seed_sweep, parse_seeds, seed_sweep
from gwt_ib.sweeps.states import read_states
from gwt_ib.sweeps.taking_over import left_out


@pytest.mark.parametrize(
    ("words", "seeds"),
    [("1-4", (1, 2, 3, 4)), ("1,3,7", (1, 3, 7)), ("5", (5,)), ("8, 1-3", (8, 1, 2, 3)), ("0-0", (0,))],
)
def test_seeds_are_a_list_of_numbers_and_ranges(words: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(words) == seeds


@pytest.mark.parametrize(
    ("words", "sentence"),
    {
        "4-1": "did you mean 1-4?",
        "1,2,1": "has the seed 1 twice",
        "1-99999": "at most 1,000 at once",
        "one": "expected seeds such as 1-4 or 1,3,7",
        "1;3": "expected seeds",
        "": "expected seeds",
        "-3": "expected seeds",
    }.items(),
)
def test_what_means_no_seeds_is_said(words: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_seeds(words)
    assert sentence in caught.value.message and caught.value.code == ExitCode.USAGE


def test_each_run_has_the_setting_as_it_was_resolved_and_its_own_seed() -> None:
    config = small_config(lr=1e-5, memory=False, rescue_dir='/tmp/a "b" é\x7f', ray_memory_mb=0.5)
    _, definition = seed_sweep(config, (3, 1), "stamp")
    assert [member.config for member in definition.members] == [
        config.model_copy(update={"seed": seed}) for seed in (3, 1)
    ]
    assert [member.name for member in definition.members] == [
        "popgym-RepeatPreviousEasy-v0__stamp__s3",
        "popgym-RepeatPreviousEasy-v0__stamp__s1",
    ]


def test_two_starts_are_two_sweeps_and_their_runs_are_among_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = (seed_sweep(small_config(), (1, 2)) for _ in range(2))
    assert first[0].path != second[0].path
    assert not {member.name for member in first[1].members} & {member.name for member in second[1].members}
    sweep, definition = first
    make_seed_sweep(sweep)
    make_directory(sweep)
    sweep.write_definition(definition)
    for member in definition.members:
        assert sweep.member_path(member).resolve() == tmp_path / "runs" / member.name
    other = tmp_path / "runs" / "of somebody else"
    other.mkdir()
    (other / "run.json").write_text("{}")
    assert left_out(sweep, definition) == [] and [run.name for run in list_runs()] == ["of somebody else"]
    assert find_sweep(sweep.name).read_definition() == definition
    assert [each.status for each in read_states(sweep).members] == ["waiting", "waiting"]
    with pytest.raises(UserError) as caught:
        make_seed_sweep(sweep)
    assert caught.value.code == ExitCode.CANNOT_CREATE_RUN


def test_the_runs_of_several_seeds_get_the_labels_of_their_start_and_names_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sweep, definition = seed_sweep(small_config(), (1, 2))
    make_seed_sweep(sweep)
    runs = [create_run(member.config, sweep.member_path(member), [], None) for member in definition.members]
    label_run(sweep, runs[0], 1)
    assert read_labels(runs[0]) == Labels()
    write_labels(sweep, Labels("fast", ("paper",), "why"))
    for run, seed in zip(runs, (1, 2), strict=True):
        label_run(sweep, run, seed)
    assert [read_labels(run) for run in runs] == [Labels(f"fast-s{seed}", ("paper",), "why") for seed in (1, 2)]
    assert find_run("fast-s2").path.resolve() == runs[1].path.resolve()
