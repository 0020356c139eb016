"""A sweep's file: what runs it makes, what they are called, and every mistake in it as a sentence with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwt_ib.config import Config
from gwt_ib.config_sources import load_preset
from gwt_ib.errors import UserError
from gwt_ib.sweeps.definition import parse_definition, read_definition
from gwt_ib.sweeps.names import LONGEST, arm_label, member_name

SWEEPS = Path(__file__).parent.parent.parent / "benchmarks" / "sweeps"
EXAMPLE = """
[base]
total_timesteps = 500_000
[grid]
env_id = ["popgym-CountRecallEasy-v0", "popgym-RepeatPreviousEasy-v0"]
seed = [1, 2, 3]
[[arm]]
name = "budget"
[[arm]]
name = "free"
lambda_c = 0.0
"""


def test_the_example_makes_a_run_of_every_task_seed_and_arm() -> None:
    members = parse_definition(EXAMPLE, "f.toml").members
    assert len(members) == 12
    assert [member.name for member in members[:3]] == [
        "popgym-CountRecallEasy-v0__budget__s1",
        "popgym-CountRecallEasy-v0__free__s1",
        "popgym-CountRecallEasy-v0__budget__s2",
    ]
    assert {member.arm for member in members} == {"budget", "free"}
    assert {member.config.total_timesteps for member in members} == {500_000}
    assert {(member.arm, member.config.lambda_c) for member in members} == {("budget", 0.05), ("free", 0.0)}


def test_a_preset_fills_what_the_file_does_not_say_and_an_arm_may_have_another() -> None:
    text = (
        '[base]\npreset = "smoke"\nepochs = 7\n[[arm]]\nname = "a"\n[[arm]]\nname = "b"\npreset = "memory"\nlr = 0.5\n'
    )
    a, b = (member.config for member in parse_definition(text, "f.toml").members)
    smoke, memory = load_preset("smoke"), load_preset("memory")
    assert (a.epochs, a.hidden_size, a.total_timesteps) == (7, smoke["hidden_size"], smoke["total_timesteps"])
    assert (b.epochs, b.env_id, b.lr, b.hidden_size) == (7, memory["env_id"], 0.5, Config().hidden_size)
    with pytest.raises(UserError, match=r"f\.toml, line 2: There is no preset 'smok'.*smoke"):
        parse_definition(text.replace("smoke", "smok"), "f.toml")


@pytest.mark.parametrize("path", sorted(SWEEPS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_sweeps_of_the_documentation_are_possible(path: Path) -> None:
    assert read_definition(path).members


def test_other_fields_of_the_grid_are_part_of_the_arm() -> None:
    members = parse_definition('[grid]\nlr = [1e-3, 1e-4]\n[[arm]]\nname = "a"', "f.toml").members
    assert [member.arm for member in members] == ["a, lr=0.001", "a, lr=0.0001"]
    alone = parse_definition("[grid]\nlr = [1e-3, 1e-4]\nseed = [7]", "f.toml").members
    assert [member.arm for member in alone] == ["lr=0.001", "lr=0.0001"]
    assert alone[0].name == "popgym-CountRecallEasy-v0__lr=0.001__s7"
    assert [member.arm for member in parse_definition("", "f.toml").members] == ["default"]


def test_a_name_stays_the_same_where_the_grid_gets_further_values_or_another_order() -> None:
    few = parse_definition("[grid]\nseed = [1]\nlr = [0.1, 0.2]", "f.toml").members
    many = parse_definition("[grid]\nlr = [0.3, 0.2, 0.1]\nseed = [2, 1]", "f.toml").members
    assert {member.name: member.config for member in few}.items() <= {each.name: each.config for each in many}.items()


MISTAKES: tuple[tuple[str, str], ...] = (
    ("[base]\nlrr = 1", "Unknown field 'lrr' (f.toml, line 2). Did you mean lr?"),
    ("[base]\nlr = 'fast'", "lr = 'fast' (f.toml, line 2) is not possible: input should be a valid number."),
    ("[base]\nlr = [1, 2]", "f.toml, line 2: lr has a list here; several values stand in [grid]."),
    ("[base]\nseed = 1\n[grid]\nseed = [1]", "f.toml, line 2: seed stands in [grid] too: leave one of them out."),
    ("lr = 1", "f.toml, line 1: lr stands outside of every table; a setting of all runs stands below [base]."),
    ("[grd]\nseed = [1]", "f.toml, line 1: unknown table 'grd'. Did you mean grid?"),
    ("[grid]\nseed = []", "f.toml, line 2: seed has no value."),
    ("[grid]\nseed = 3", "f.toml, line 2: seed needs a list here: seed = [3]."),
    ("[grid]\nseed = [0, 1, 0]", "f.toml, line 2: seed has the value 0 twice."),
    ("[grid]\nseed = [-1]", "seed = -1 (f.toml, line 2) is not possible: input should be greater than or equal to 0."),
    ("[grid]\nseed = [[1]]", "f.toml, line 2: seed may have numbers, texts, true and false in its list."),
    ("[base]\n[arm]\nname = 'a'", "f.toml, line 2: an arm is written as [[arm]], with two brackets, and a name below it."),
    ("[[arm]]\nlr = 1.0", "f.toml, line 1: an arm needs a name of 1 to 60 printable characters: name = \"budget\"."),
    ("[[arm]]\nname = 'a'\n[[arm]]\nname = 'a'", "f.toml, line 4: two arms are called 'a'."),
    (
        "[[arm]]\nname = 'a'\n[[arm]]\nname = 'b'\nlrx = 1",
        "Unknown field 'lrx' (f.toml, line 5). Did you mean lr?",
    ),
    ("[[arm]]\nname = 'a'\nseed = 3", "f.toml, line 3: seed cannot differ between arms: it stands in [grid] or [base]."),
    (
        "[[arm]]\nname = 'a'\n[[arm]]\nname = 'b'\nlr = 2.5e-4",
        "f.toml: popgym-CountRecallEasy-v0__a__s42 and popgym-CountRecallEasy-v0__b__s42 are the same run, "
        "setting for setting: leave one of them out.",
    ),
    (
        "[grid]\nnum_envs = [16, 15]\n[[arm]]\nname = 'a'",
        "f.toml: arm 'a' with num_envs = 15: num_actors = 2 does not divide num_envs = 15; the nearest that does is 1.",
    ),
    (
        "[grid]\ncell = ['gru', 'ltsm']\ngate = ['td', 'close']",
        "gate = 'close' (f.toml, line 3) is not possible: input should be 'td', 'router', 'prior', 'open' or 'constant'. "
        "cell = 'ltsm' (f.toml, line 2) is not possible: input should be 'gru' or 'lstm'.",
    ),
    (
        f"[grid]\nseed = {list(range(1000))}\nlr = {[n / 1000 for n in range(1000)]}",
        "f.toml, line 1: 1000 seed x 1000 lr x 1 arm(s) are 1,000,000 runs, and a sweep may have 10,000.",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), MISTAKES)
def test_a_mistake_is_a_sentence_that_says_where_it_is(text: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_definition(text, "f.toml")
    assert caught.value.message == sentence
    assert caught.value.code == 78


def test_a_file_that_is_not_there_or_no_toml_is_refused(tmp_path: Path) -> None:
    for content in (None, "[base", b"\xff\xfe"):
        path = tmp_path / "f.toml"
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(UserError) as caught:
            read_definition(path)
        assert caught.value.code == 78 and str(path) in caught.value.message


words = st.text(min_size=1, max_size=60).filter(str.isprintable)
axes = st.dictionaries(
    st.sampled_from(["lr", "target_c", "hidden_size", "memory", "device"]),
    st.one_of(st.integers(-5, 10**9), st.floats(allow_nan=False), st.booleans(), words),
    max_size=3,
)


@settings(deadline=None)  # a busy machine is no mistake
@given(env_id=words, arm=words, seed=st.integers(0, 2**63 - 1), grid=axes)
def test_every_name_is_safe_as_that_of_a_directory(env_id: str, arm: str, seed: int, grid: dict[str, Any]) -> None:
    name = member_name(Config.model_construct(env_id=env_id, seed=seed), arm, grid)
    assert re.fullmatch(r"[A-Za-z0-9_=+-][A-Za-z0-9_.=+-]*", name)
    assert len(name) <= LONGEST


@settings(deadline=None)  # a busy machine is no mistake
@given(one=st.tuples(words, words, st.integers(0, 50), axes), other=st.tuples(words, words, st.integers(0, 50), axes))
def test_two_different_runs_have_different_names(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    names, labels = set(), set()
    for env_id, arm, seed, grid in (one, other):
        names.add(member_name(Config.model_construct(env_id=env_id, seed=seed), arm, grid))
        labels.add((env_id, seed, arm_label(arm, grid)))
    assert len(names) == len(labels)
