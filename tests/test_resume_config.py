"""Which settings a resumed run may change: every field has a class, and what is refused is said with all fields at once."""

from typing import Any, get_args

import pytest
from support import small_config

from gwt_ib.config import Config, ResumeClass, live_settings, resume_class
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.resume_config import Change, resume_config

RECORDED = small_config().model_dump(mode="json")
CLASSES: dict[str, set[str]] = {
    "fixed": {
        *("env_id", "num_envs", "seed", "prev_action", "rollout_steps", "bias_init", "hidden_size", "memory"),
        *("cell", "gate", "encoder_layers", "head_layers"),
    },
    "override": {
        *("seq_len", "epochs", "minibatches", "gamma", "gae_lambda", "clip_eps", "vf_coef", "max_grad_norm"),
        *("lr_final_fraction", "ent_final_fraction", "target_kl", "clip_vf", "norm_value_loss", "refresh_h0"),
        *("td_scale", "base_logit", "bias_clamp_min", "bias_clamp_max", "budget_warmup_updates"),
        *("td_ema", "td_scale_ema2", "td_quantile", "td_std_min", "td_std_max", "td_buffer"),
        *("max_policy_lag", "kernels", "learner_threads", "device"),
    },
}  # fmt: skip


@pytest.mark.parametrize("field", Config.model_fields)
def test_every_field_has_a_class_and_each_is_treated_as_its_class_says(field):
    """A new field that nobody has thought about is `override`, and fails here until it is in the table or free."""
    known = resume_class(field)
    assert known in get_args(ResumeClass)
    assert known == next((name for name, fields in CLASSES.items() if field in fields), "free")
    config = Config()
    value = another_value(field, getattr(config, field))
    trained_with = {**config.model_dump(mode="json"), field: value}
    changed = {**config.model_dump(mode="json")}
    if known == "free":
        assert resume_config(changed, trained_with)[0] == config
        return
    with pytest.raises(UserError, match=rf"change {field} from .* to") as caught:
        resume_config(changed, trained_with)
    assert caught.value.code == ExitCode.BAD_CONFIGURATION
    assert ("--override" in caught.value.message) == (known == "override")
    if known == "override":
        assert resume_config(changed, trained_with, override=True)[1] == [Change(field, value, getattr(config, field))]
    else:
        with pytest.raises(UserError, match="that takes a new run"):
            resume_config(changed, trained_with, override=True)


def another_value(field: str, value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value}x"


def test_a_constant_gate_is_not_resumed_with_another_constant():
    recorded = small_config(gate="constant").model_dump(mode="json")
    with pytest.raises(UserError, match=r"change target_c from 0\.35 to 0\.5: that takes a new run"):
        resume_config(recorded, recorded, ["target_c=0.5"])
    assert resume_config(recorded, recorded, ["lr=0.5"])[0].target_c == 0.35


def test_live_settings_are_free():
    assert {resume_class(field) for field in live_settings()} == {"free"}


def test_free_settings_change_without_a_word():
    config, changes = resume_config(RECORDED, RECORDED, ["lr=0.001", "snapshot_every=7"], {"total_timesteps": 5000})
    assert (config.lr, config.snapshot_every, config.total_timesteps) == (0.001, 7, 5000)
    assert changes == [
        Change("total_timesteps", 1024, 5000),
        Change("lr", 0.00025, 0.001),
        Change("snapshot_every", 0, 7),
    ]
    assert resume_config(RECORDED, None, [], {"total_timesteps": None}) == (small_config(), [])


def test_all_fields_that_may_not_change_are_said_at_once():
    with pytest.raises(UserError) as caught:
        resume_config(RECORDED, RECORDED, ["seed=3", "gamma=0.5", "hidden_size=8", "td_ema=0.5", "lr=0.1"])
    assert caught.value.message == (
        "A resumed run cannot change seed from 42 to 3; hidden_size from 16 to 8: that takes a new run. "
        "To change gamma from 0.99 to 0.5; td_ema from 0.99 to 0.5 in the middle of a run, add --override."
    )


def test_a_configuration_that_was_edited_by_hand_is_compared_with_what_the_run_was_trained_with():
    edited = {**RECORDED, "gamma": 0.5, "seed": 1, "lr": 0.5, "eval_every": 3}
    with pytest.raises(UserError, match=r"change seed from 42 to 1: .*change gamma from 0\.99 to 0\.5 in"):
        resume_config(edited, RECORDED)
    config, changes = resume_config({**edited, "seed": 42}, RECORDED, override=True)
    assert (config.gamma, config.lr) == (0.5, 0.5), "a live setting may have been changed while the run trained"
    assert changes == [Change("gamma", 0.99, 0.5), Change("eval_every", 2, 3)]


def test_a_live_value_that_is_not_possible_any_more_is_repaired():
    broken = {**RECORDED, "ent_coef": 1e38}
    with pytest.raises(UserError, match=r"ent_coef = 1e\+38 \(config\.json\) is not possible.*--set FIELD=VALUE"):
        resume_config(broken, broken)
    config, changes = resume_config(broken, broken, ["ent_coef=0.01"])
    assert config.ent_coef == 0.01 and changes == [Change("ent_coef", 1e38, 0.01)]


def test_a_snapshot_that_does_not_know_what_it_was_trained_with_believes_the_file():
    config, changes = resume_config({**RECORDED, "gamma": 0.5}, None, ["gamma=0.5"])
    assert (config.gamma, changes) == (0.5, [])


def test_a_field_that_is_new_since_the_snapshot_had_its_default():
    old = {name: value for name, value in RECORDED.items() if name != "learner_threads"}
    assert resume_config(RECORDED, old)[1] == []
    with pytest.raises(UserError, match="learner_threads from 2 to 3"):
        resume_config(RECORDED, old, ["learner_threads=3"])


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("gama=1", "Unknown field 'gama' (--set gama=1). Did you mean gamma?"),
        ("lr", "--set lr: expected FIELD=VALUE"),
        ("lr=fast", "lr = 'fast' (--set lr=fast) is not possible"),
        ("lr=true", "lr = True (--set lr=true) is not possible"),
        ("total_timesteps=5", "total_timesteps = 5 is less than one rollout"),
    ],
)
def test_a_mistake_names_its_place(assignment, sentence):
    with pytest.raises(UserError) as caught:
        resume_config(RECORDED, RECORDED, [assignment])
    assert sentence in caught.value.message and caught.value.code == ExitCode.BAD_CONFIGURATION


def test_what_a_snapshot_says_may_be_anything():
    for odd in (True, None, "16", [16], {"a": 1}, 10**30):
        with pytest.raises(UserError, match="cannot change hidden_size from"):
            resume_config(RECORDED, {**RECORDED, "hidden_size": odd})
    assert resume_config(RECORDED, {**RECORDED, "hidden_size": 16.0})[1] == []
