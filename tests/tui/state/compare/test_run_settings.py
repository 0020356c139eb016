"""Which runs are seeds of one setting, and in what runs differ."""

from __future__ import annotations

from gwt_ib.config import Config
from gwt_ib.runs.settings import RUN_LOCAL, differing, groups_of, setting_words
from gwt_ib_tui.state.compare.settings import fitting_settings, short_env_ids


def test_runs_that_differ_in_nothing_but_the_seed_are_one_group() -> None:
    configs = [Config(seed=1), Config(seed=2, lr=1e-3), Config(seed=3), Config(seed=3, lr=1e-3)]
    assert groups_of(configs) == [(0, 2), (1, 3)]


def test_what_a_run_has_for_itself_makes_no_other_setting() -> None:
    local = Config(
        seed=9,
        total_timesteps=1_000_000,
        eval_every=5,
        snapshot_every=7,
        snapshot_minutes=1.0,
        rescue_dir="/elsewhere",
        max_restarts=1,
        hang_timeout_s=1.0,
        start_timeout_s=1.0,
        learner_timeout_s=1.0,
        num_actors=4,
        channel="serial",
        ray_address="auto",
        ray_cpus=2.0,
        ray_memory_mb=512.0,
        ray_resources="fast=1",
        ray_wait_s=5.0,
        device="cuda",
        log_level="debug",
        export="csv",
        export_names="sb3",
    )
    changed = {name for name, value in local.model_dump().items() if getattr(Config(), name) != value}
    assert changed == RUN_LOCAL
    assert groups_of([Config(), local]) == [(0, 1)]


def test_a_run_of_unknown_settings_is_alone() -> None:
    assert groups_of([None, Config(), None, Config()]) == [(0,), (1, 3), (2,)]


def test_runs_differ_in_the_fields_that_are_not_the_same_in_all() -> None:
    configs = [Config(), None, Config(lr=1e-3, seed=5), Config(memory=False, num_actors=4)]
    found = differing(configs)
    assert [setting_words(values) for values in found] == [
        "lr=0.00025 memory=true num_actors=2",
        "",
        "lr=0.001 memory=true num_actors=2",
        "lr=0.00025 memory=false num_actors=4",
    ]
    assert setting_words(differing(configs, local=False)[3]) == "lr=0.00025 memory=false"
    assert differing([Config(), Config(seed=7)]) == [(), ()]


def test_the_most_telling_difference_comes_first_and_what_teaches_nothing_last() -> None:
    configs = [Config(), Config(rollout_steps=64, total_timesteps=9_999, memory=False, gamma=0.9, lr=1e-3, env_id="x")]
    names = [name for name, _ in differing(configs)[1]]
    assert names == ["env_id", "lr", "memory", "rollout_steps", "gamma", "total_timesteps"]


def test_a_difference_loses_its_last_fields_never_its_middle() -> None:
    values = [("env_id", "popgym-RepeatPreviousHard-v0"), ("lr", 1e-3), ("memory", False), ("num_envs", 8)]
    assert fitting_settings(values, 40) == "lr=0.001 memory=false num_envs=8"
    assert fitting_settings(values, 40, "Hard") == "Hard lr=0.001 memory=false num_envs=8"
    assert fitting_settings(values, 31) == "lr=0.001 memory=false …"
    assert fitting_settings(values, 10) == "lr=0.001 …" and fitting_settings(values, 5) == "lr=0…"
    assert fitting_settings(values[:1], 40) == fitting_settings([], 40) == ""


def test_environments_are_told_by_what_is_not_the_same_in_all() -> None:
    def short(*env_ids: str) -> list[str]:
        return list(short_env_ids(env_ids).values())

    assert short("popgym-RepeatPreviousEasy-v0", "popgym-RepeatPreviousHard-v0") == ["Easy", "Hard"]
    assert short("popgym-RepeatPreviousEasy-v0", "popgym-CountRecallEasy-v0") == ["RepeatPrevious", "CountRecall"]
    assert short("popgym-A-v0", "CartPole-v1") == ["popgym-A-v0", "CartPole-v1"]
    assert short("CartPole", "CartPole-v1") == ["CartPole", "CartPole-v1"] and short() == []
