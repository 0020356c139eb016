"""The line of settings on Live, and the list of all: whole words in any width."""

from __future__ import annotations

import pytest

from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.state.run.resolved import NOT_DEFAULT, Setting
from gwt_ib_tui.widgets.settings_panels import settings_line, settings_table, with_groups


def setting(name: str, value: str, default: str = "", group: str = "PPO", **more: object) -> Setting:
    live = name in ("lr", "lambda_c")
    return Setting(name, group, value, default or value, bool(default), live, "", "", f"what {name} is", "", **more)  # type: ignore[arg-type]


FIVE = (
    setting("env_id", "popgym-RepeatPreviousEasy-v0", "popgym-CountRecallEasy-v0", "Environment"),
    setting("cell", "gru", group="Agent"),
    setting("gate", "td", group="Agent"),
    setting("lr", "0.001", "0.00025"),
    setting("lambda_c", "0.2", "0.05", was="0.05"),
)
MORE = (setting("hidden_size", "64", "128", "Agent"), setting("num_envs", "8", "16", "Environment"))


@pytest.mark.parametrize("width", [60, 72, 80, 100, 120, 200])
def test_task_cell_gate_lr_and_lambda_c_are_always_there_and_whole(width: int) -> None:
    line = settings_line((*FIVE, *MORE), width, DARK)
    assert line.cell_len <= width
    words = line.plain.split()
    assert {"gru", "td", "0.001", "0.2≈"} <= set(words)
    assert ("popgym-RepeatPreviousEasy-v0" in words) == (width >= 80)
    assert ("+2" in words) == (width == 100) and ("hidden_size" in words) == (width >= 120)


def test_what_is_not_the_default_is_bold_and_counted_where_it_does_not_fit() -> None:
    assert settings_line((*FIVE, *MORE), 200, DARK).plain.endswith("hidden_size 64  num_envs 8")
    assert settings_line((*FIVE, *MORE, *MORE), 120, DARK).plain.endswith("hidden_size 64  +3 not default")
    line = settings_line(FIVE, 120, DARK)
    bold = {line.plain[span.start : span.end] for span in line.spans if "bold" in str(span.style)}
    assert bold == {"popgym-RepeatPreviousEasy-v0", "0.001", "0.2"}


def test_each_group_is_named_before_its_first_setting() -> None:
    entries = with_groups([*MORE, setting("gamma", "0.99"), setting("seed", "42", group="Environment")])
    names = [entry if isinstance(entry, str) else entry.name for entry in entries]
    assert names == [NOT_DEFAULT, "hidden_size", "num_envs", "PPO", "gamma", "Environment", "seed"]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_line_of_the_list_has_value_and_default_and_marks_the_chosen_one(width: int) -> None:
    table = settings_table(FIVE, "lr", width, DARK)
    assert table.width <= width
    lines = [table.line(one).plain for one in FIVE]
    assert [line[0] for line in lines] == [" ", " ", " ", "›", " "]
    assert lines[3].split()[2:3] == ["0.001"] and ("0.00025" in lines[3]) == ("default" in table.header().plain)
    assert "0.2≈" in lines[4] and ("what lr is" in lines[3]) == (width == 120)
