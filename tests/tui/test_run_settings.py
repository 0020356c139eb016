"""Which runs are seeds of one setting, and in what runs differ."""

from __future__ import annotations

from gwt_ib.config import Config
from gwt_ib_tui.state.settings import RUN_LOCAL, differing, groups_of, setting_words


def test_runs_that_differ_in_nothing_but_the_seed_are_one_group() -> None:
    configs = [Config(seed=1), Config(seed=2, lr=1e-3), Config(seed=3), Config(seed=3, lr=1e-3)]
    assert groups_of(configs) == [(0, 2), (1, 3)]


def test_what_a_run_has_for_itself_makes_no_other_setting() -> None:
    local = Config(
        seed=9,
        total_timesteps=1_000_000,
        eval_every=5,
        snapshot_every=7,
        num_actors=4,
        channel="serial",
        device="cuda",
        log_level="debug",
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
