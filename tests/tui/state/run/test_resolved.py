"""The settings as they are now: not the default first, by the groups of config.py, live changes as of now."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from recorded_run import RecordedRun

from gwt_ib.config import GROUPS, Config, groups, live_settings
from gwt_ib.durable import write_json
from gwt_ib.runs.control import Request
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.resolved import HEAD, headline, matching_settings, settings_now
from gwt_ib_tui.state.run.run_view import RunView


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run", num_envs=8, total_timesteps=200_000, gate="router", lambda_c=0.1)
    run.learn(40)
    return run


def view_of(run: RecordedRun) -> RunView:
    return Feed(run.directory).read_everything()


def change(run: RecordedRun, field: str, value: float) -> None:
    run._set(Request("x", "set", field, value))


def test_the_groups_are_those_that_the_configuration_is_written_in() -> None:
    source = inspect.getsource(Config)
    written = re.findall(r"^    # (.+)\n    (\w+): ", source, re.M)
    assert dict(written) == GROUPS
    assert [name for names in groups().values() for name in names] == list(Config.model_fields)


def test_what_is_not_the_default_comes_first_and_the_others_by_group(recorded: RecordedRun) -> None:
    settings = settings_now(view_of(recorded))
    assert len(settings) == len(Config.model_fields)
    changed = [setting for setting in settings if setting.changed]
    assert [setting.name for setting in changed] == ["num_envs", "total_timesteps", "lambda_c", "gate"]
    assert list(settings[: len(changed)]) == changed
    assert [(setting.value, setting.default) for setting in changed][::2] == [("8", "16"), ("0.1", "0.05")]
    others = [setting.group for setting in settings[len(changed) :]]
    assert list(dict.fromkeys(others)) == list(GROUPS) and others == sorted(others, key=list(GROUPS).index)
    assert {setting.name for setting in settings if setting.live} == set(live_settings())


def test_what_was_changed_while_the_run_trains_is_shown_as_of_now_with_what_it_was(recorded: RecordedRun) -> None:
    change(recorded, "lambda_c", 0.2)
    change(recorded, "lr", 0.001)
    change(recorded, "lr", 0.00025)
    found = {setting.name: setting for setting in settings_now(view_of(recorded))}
    lambda_c, lr = found["lambda_c"], found["lr"]
    assert (lambda_c.value, lambda_c.was, lambda_c.since, lambda_c.changed) == ("0.2", "0.1", 40, True)
    assert (lr.value, lr.was, lr.changed) == ("0.00025", "0.001", False), "back at its default"
    assert lambda_c.in_use == "0.1", "the newest update learnt with what it was"


def test_a_constant_gate_is_its_target_which_is_then_not_live(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "constant", gate="constant")
    found = {setting.name: setting for setting in settings_now(view_of(run))}
    assert not found["target_c"].live and found["lr"].live


def test_live_always_tells_five_and_then_what_is_not_the_default_what_is_learnt_from_first(
    recorded: RecordedRun,
) -> None:
    names = [setting.name for setting in headline(view_of(recorded))]
    assert names == [*HEAD, "num_envs", "total_timesteps"]


def test_all_words_of_a_filter_must_be_somewhere(recorded: RecordedRun) -> None:
    settings = settings_now(view_of(recorded))

    def found(words: str) -> list[str]:
        return [setting.name for setting in matching_settings(settings, words)]

    assert found("live") == ["lambda_c", "lr", "ent_coef", "target_c"]
    assert found("LEARNING rate") == ["lr"] and found("changed gate") == ["gate"]
    assert found("") == [setting.name for setting in settings] and found("no-such") == []


def test_without_a_configuration_there_are_no_settings(recorded: RecordedRun) -> None:
    write_json(recorded.directory.config, {"hidden_size": "many"}, durable=False)
    assert settings_now(view_of(recorded)) == () == headline(view_of(recorded))
