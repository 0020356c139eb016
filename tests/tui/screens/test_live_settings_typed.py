"""Live settings as the dialog shows them, and what may be typed for them."""

from __future__ import annotations

import pytest

from gwt_ib.config import Config
from gwt_ib.errors import UserError
from gwt_ib_tui.screens.dialogs import change_of, settings_of


def test_every_live_setting_is_there_with_what_is_known_of_it() -> None:
    settings = settings_of(Config(), {"lr": 2.5e-4, "lambda_c": 0.02, "target_c": None})
    assert [setting.name for setting in settings] == ["lr", "ent_coef", "target_c", "lambda_c"]
    lr, ent_coef, target_c, lambda_c = settings
    assert (lr.value, lr.in_use, lr.limits, lr.meaning) == (2.5e-4, None, ">= 0.0, <= 1.0", "Adam's learning rate")
    assert (ent_coef.in_use, ent_coef.limits) == (None, ">= 0.0, <= 100.0")
    assert target_c.in_use is None
    assert (lambda_c.value, lambda_c.in_use) == (0.05, 0.02), "it rises during its warm-up"


def test_a_number_in_any_way_of_writing_is_a_change() -> None:
    for typed in ("0.5", " .5 ", "5e-1", "+0.5"):
        change = change_of(Config(), "lr", typed)
        assert (change.field, change.old, change.value, change.words) == ("lr", 2.5e-4, 0.5, "lr 0.00025 -> 0.5")


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("lr", "", "Type a new value for lr"),
        ("lr", "2.5e-4", "is 0.00025 already"),
        ("lr", "true", "valid number"),
        ("ent_coef", "-1", "greater than or equal to 0"),
        ("lambda_c", "inf", "finite number"),
        ("seed", "3", "seed is fixed"),
    ],
)
def test_what_is_no_change_is_said(field: str, typed: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        change_of(Config(), field, typed)
