from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwt_ib.lenient import real
from gwt_ib.runs.jsonl import parse_record
from gwt_ib.runs.metrics import NUMBERS
from gwt_ib_tui.state.history.metric_feed import Rows

CURVE = {"td": [0.0, 1.0, 2.0], "c": [0.5, None], "c_std": [0.1, None], "prior": [0.4, None], "count": [5, 0]}


def line(update: object, **fields: object) -> bytes:
    return json.dumps({"update": update, **fields}, separators=(",", ":")).encode()


def slowly(lines: list[bytes]) -> list[dict[str, float | None]]:
    records = [record for record in map(parse_record, lines) if record is not None]
    return [{name: real(record.get(name)) for name in NUMBERS} for record in records]


def quickly(lines: list[bytes]) -> list[dict[str, float | None]]:
    values = Rows.of(lines).values.tolist()
    return [{name: None if math.isnan(v) else v for name, v in zip(NUMBERS, row, strict=True)} for row in values]


LINES = st.sampled_from(
    [
        line(1, td_std=0.5, gate_curve=CURVE),
        line(2, gate_curve=None),
        line(3, gate_curve={"td": {}}),
        line(4, gate_curve=CURVE, td_std=0.25),
        line(5, td_std="x", bias=True),
        line(6, ep100=10**400),
        line(7, **{**dict.fromkeys(NUMBERS[1:], 0), "lr": 1e-3, "eval_return": None}),
        line(8, message=',"gate_curve":{}}'),
        line(9, outer={"x": 1, "gate_curve": {}}),
        b'{"update":10,"td_std":1e999,"mean_c":NaN}',
        b'{"update":11,"gate_curve":{"td":[0,1',
        b'{"update":12},{"update":13}',
        b'{"update":14,"a":{"b":1}',
        b'"b":2}',
        b"[1",
        b"2]",
        b"",
        b"  ",
        b"null",
        b"\xff",
        b"[" * 100_000,
    ]
)


@given(st.lists(LINES, max_size=12))
def test_many_lines_at_once_are_what_each_is_alone(lines: list[bytes]) -> None:
    assert quickly(lines) == slowly(lines)


def test_a_whole_record_has_its_curve() -> None:
    lines = [line(1), b"{", line(2, gate_curve=CURVE), line(3, gate_curve=CURVE)]
    rows = Rows.of(lines)
    assert rows.curves == [False, True, True]
    assert rows.record(1)["gate_curve"] == CURVE
    assert rows.record(0) == {"update": 1}


def test_a_record_whose_curve_is_damaged_goes_without_it() -> None:
    rows = Rows.of([b'{"update":1,"td_std":0.5,"gate_curve":{"td":[0,]}}'])
    assert rows.record(0) == {"update": 1, "td_std": 0.5}


@pytest.mark.parametrize(
    ("updates", "last", "kept"),
    [([1, 2, 3], 0, [0, 1, 2]), ([1, 2, 2, 1, 3], 0, [0, 1, 4]), ([1, None, 4], 3, [2]), ([], 0, []), ([2], 2, [])],
)
def test_only_rows_that_go_on_are_taken(updates: list[int | None], last: float, kept: list[int]) -> None:
    places = Rows.of([line(update) for update in updates]).after(last)
    assert places.tolist() == kept
    assert places.dtype == np.int64
