"""The newest row and the newest evaluation of a run, from the end of its metrics, as reading all of them gives them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gwt_ib.runs.jsonl import last_record, read_records
from gwt_ib.runs.newest import FIRST_BYTES, newest_values


def rows(count: int, evaluated: set[int], width: int = 10) -> str:
    return "".join(
        json.dumps({"update": n, "eval_return": n / 2 if n in evaluated else None, "pad": "x" * width}) + "\n"
        for n in range(count)
    )


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nonsense\n",
        rows(5, {1, 3}),
        rows(5, set()),
        rows(3000, {4}),  # far before what is read first
        rows(40, {39}, FIRST_BYTES),  # no row is whole in what is read first
        rows(4, {2}) + '{"update": 4, "eval_re',
        rows(4, {2}) + '{"eval_return": 7}broken\n',
        rows(4, {2}) + '{"update": 4, "eval_return": NaN}\n',
        rows(4, {2}) + '{"update": 4, "eval_return": "1"}\n',
    ],
    ids=["empty", "nonsense", "few", "none", "far", "wide", "unfinished", "broken", "nan", "text"],
)
def test_it_is_what_reading_everything_gives(tmp_path: Path, content: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(content)
    found = [row["eval_return"] for row in read_records(path) if isinstance(row.get("eval_return"), float)]
    wanted = next((value for value in reversed(found) if value == value), None)
    assert newest_values(path) == (last_record(path), wanted)


def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    assert newest_values(tmp_path / "metrics.jsonl") == newest_values(tmp_path) == ({}, None)
