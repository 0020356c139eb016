"""The configuration: names and defaults, presets, and arithmetic that is checked before anything starts."""

import pytest
from pydantic import ValidationError
from support import small_config

from gwt_ib.config import Config, live_settings
from gwt_ib.config_sources import change_live, load_preset, preset_names, resolve
from gwt_ib.errors import ExitCode, UserError

SEED = {
    "env_id": "popgym-CountRecallEasy-v0", "num_envs": 16, "seed": 42,
    "total_timesteps": 500_000, "rollout_steps": 256, "seq_len": 64,
    "epochs": 4, "minibatches": 4, "lr": 2.5e-4, "gamma": 0.99, "gae_lambda": 0.95, "clip_eps": 0.2,
    "td_scale": 5.0, "base_logit": -1.0, "bias_init": -1.5, "bias_clamp_min": -4.0, "bias_clamp_max": 2.0,
    "target_c": 0.35, "lambda_c": 0.05, "budget_warmup_updates": 25,
    "td_ema": 0.99, "td_scale_ema2": 0.995, "td_quantile": 0.90, "td_std_min": 1e-3, "td_std_max": 50.0,
}  # fmt: skip


def test_names_and_defaults_are_the_seeds():
    defaults = Config().model_dump()
    assert {name: defaults[name] for name in SEED} == SEED
    assert Config().num_updates == 122


def test_every_field_says_what_it_means():
    for name, field in Config.model_fields.items():
        assert field.description and "unit" in field.json_schema_extra, name


def test_a_configuration_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Config().lr = 1.0


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_valid(name):
    values = load_preset(name)
    config = resolve(preset=name)
    assert {field: getattr(config, field) for field in values} == values


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seq_len": 60}, "seq_len = 60 does not divide rollout_steps = 256; the nearest that does is 64"),
        ({"num_actors": 5}, "num_actors = 5 does not divide num_envs = 16; the nearest that does is 4"),
        ({"minibatches": 7}, "minibatches = 7 does not divide the 64 sequences"),
        ({"total_timesteps": 4095}, "less than one rollout of 4096 env steps"),
        ({"td_std_min": 60.0}, "td_std_min = 60 must be below td_std_max = 50"),
        ({"bias_init": 3.0}, "bias_init = 3 is outside"),
    ],
)
def test_arithmetic_that_does_not_work_out_is_refused_with_its_numbers(changes, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        resolve(flags=changes)
    assert caught.value.code == ExitCode.BAD_CONFIGURATION


def test_values_are_read_as_toml_and_as_text_where_they_are_not():
    config = resolve(assignments=["lr=1e-3", "prev_action=true", "env_id=popgym-RepeatFirstEasy-v0", "num_envs = 32"])
    assert (config.lr, config.prev_action, config.env_id, config.num_envs) == (
        1e-3, True, "popgym-RepeatFirstEasy-v0", 32,
    )  # fmt: skip


@pytest.mark.parametrize("assignment", ["lr=true", "num_envs='16'", "prev_action=1", "total_timesteps=1e6.5"])
def test_a_value_of_another_type_is_refused(assignment):
    with pytest.raises(UserError, match="is not possible"):
        resolve(assignments=[assignment])


def test_a_round_number_may_be_written_short():
    assert resolve(assignments=["total_timesteps=1e6"]).total_timesteps == 1_000_000


def test_the_sizes_of_a_run_follow_from_its_fields():
    config = small_config(num_actors=2)
    assert (config.steps_per_update, config.sequences, config.envs_per_actor, config.num_updates) == (256, 16, 2, 4)


def test_a_live_setting_is_changed_and_everything_else_stays():
    config = small_config()
    assert live_settings() == ("lr", "ent_coef", "target_c", "lambda_c")
    for field in live_settings():
        changed = change_live(config, field, 0.25)
        assert changed.model_dump() == {**config.model_dump(), field: 0.25}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("num_envs", 8, "num_envs is fixed. While a run trains, lr, ent_coef, target_c and lambda_c can be changed."),
        ("lambda", 1.0, "Unknown field 'lambda'. Did you mean lambda_c? While a run trains, lr,"),
        ("gama", 1.0, "Did you mean gamma? While a run trains, lr,"),
        ("lr", 1.5, "lr = 1.5 is not possible: input should be less than or equal to 1."),
        ("lr", "fast", "lr = 'fast' is not possible: input should be a valid number."),
        ("lr", "0.1", "lr = '0.1' is not possible"),
        ("lr", True, "lr = True is not possible"),
        ("ent_coef", float("nan"), "input should be a finite number"),
    ],
)
def test_what_cannot_be_changed_live_is_refused_with_a_sentence(field, value, sentence):
    with pytest.raises(UserError) as caught:
        change_live(small_config(), field, value)
    assert sentence in caught.value.message
    assert caught.value.code == ExitCode.BAD_CONFIGURATION


def test_the_constant_of_a_constant_gate_stays_what_it_was():
    constant = small_config(gate="constant")
    with pytest.raises(UserError, match="target_c is the gate itself: another one takes a new run"):
        change_live(constant, "target_c", 0.5)
    assert change_live(constant, "lr", 0.5).lr == 0.5


def test_a_file_with_a_byte_order_mark_is_a_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_bytes("﻿# größe\r\nhidden_size = 64\r\n".encode())
    assert resolve(toml_file=file).hidden_size == 64
    file.write_bytes("﻿hidden_size = 'x'\n".encode())
    with pytest.raises(UserError, match=r"mine\.toml, line 1"):
        resolve(toml_file=file)


def test_a_file_that_is_no_text_or_does_not_end_is_a_sentence(tmp_path):
    (tmp_path / "mine.toml").write_bytes("hidden_size = 64".encode("utf-16"))
    with pytest.raises(UserError, match=r"is not UTF-8 text \(byte 0\)"):
        resolve(toml_file=tmp_path / "mine.toml")
    (tmp_path / "endless.toml").symlink_to("/dev/zero")
    with pytest.raises(UserError, match="has more than 1,048,576 bytes"):
        resolve(toml_file=tmp_path / "endless.toml")


def test_a_rescue_directory_is_the_same_from_everywhere():
    with pytest.raises(UserError, match="rescue_dir = 'spare' must begin with /"):
        resolve(assignments=["rescue_dir=spare"])
    assert resolve(assignments=["rescue_dir=/mnt/spare"]).rescue_dir == "/mnt/spare"
