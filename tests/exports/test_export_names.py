"""The names of other tools: they are of metrics that exist, differ from each other, and stand in docs/exports.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from gwt_ib.exports.names import ALIASES, Naming, Style, names_table
from gwt_ib.exports.parquet_file import LISTS, WHOLE
from gwt_ib.runs.metrics import NAMES, NUMBERS

DOCUMENT = Path(__file__).parents[2] / "docs" / "exports.md"


@pytest.mark.parametrize("style", ALIASES)
@pytest.mark.parametrize("grouped", [False, True])
def test_every_metric_has_one_name_of_its_own(style: Style, grouped: bool) -> None:
    assert set(ALIASES[style]) <= set(NUMBERS)
    names = [Naming(style, grouped=grouped).name(metric) for metric in NAMES]
    assert len(set(names)) == len(names)


def test_a_metric_without_a_counterpart_keeps_our_name_in_a_group_of_its_own() -> None:
    assert Naming("ours").name("td_std") == "td_std"
    assert Naming("ours", grouped=True).name("td_std") == Naming("sb3").name("td_std") == "gwt_ib/td_std"


def test_signs_and_factors_are_those_of_the_other_tool() -> None:
    row = {"entropy": 1.25, "value_loss": 0.5, "update": 3, "ep100": None, "lr": float("nan"), "episodes": 10**400}
    assert Naming("sb3").numbers(row) == {"train/entropy_loss": -1.25, "train/value_loss": 1.0, "time/iterations": 3}
    assert Naming("cleanrl").numbers(row) == {"losses/entropy": 1.25, "losses/value_loss": 0.5, "gwt_ib/update": 3}


def test_the_document_has_the_table_of_names() -> None:
    assert "\n".join(names_table()) in DOCUMENT.read_text(encoding="utf-8"), "renew it: print it by names_table()"


def test_the_whole_numbers_and_lists_of_a_parquet_file_are_metrics() -> None:
    assert set(WHOLE) <= set(NUMBERS) and set(LISTS) == set(NAMES) - set(NUMBERS)
