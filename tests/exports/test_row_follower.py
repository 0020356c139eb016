"""Rows are given once each, in their order, and taken back only where a replaced file really differs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gwt_ib.exports.follower import Kept, News, RowFollower
from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.jsonl import Record


def row(update: int, value: float = 0.0) -> Record:
    return {"update": update, "env_steps": 10 * update, "value": value}


def append(path: Path, *rows: Record) -> None:
    with path.open("a") as file:
        file.writelines(json.dumps(each) + "\n" for each in rows)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def test_rows_come_once_and_a_half_line_waits(path: Path) -> None:
    follower = RowFollower(path)
    assert follower.read() == News() and follower.at_end
    append(path, row(1), row(2))
    with path.open("a") as file:
        file.write('{"update": 3, "env')
    assert follower.read() == News([row(1), row(2)])
    with path.open("a") as file:
        file.write('_steps": 30, "value": 0.0}\n')
    assert follower.read() == News([row(3)]) and follower.count == 3


def test_what_is_damaged_or_does_not_rise_is_passed_over(path: Path) -> None:
    follower = RowFollower(path)
    path.write_text("nonsense\n[]\n" + '{"update": 1}\n')
    append(path, row(2), row(2, 1.0), row(1), row(4))
    assert [each["update"] for each in follower.read().rows] == [2, 4]


def test_a_file_that_was_cut_takes_rows_back_and_new_ones_follow(path: Path) -> None:
    follower = RowFollower(path)
    append(path, *map(row, range(1, 7)))
    follower.read()
    cut_back(path, 4, path.with_name("aside"))
    assert follower.read() == News([], Kept(4, 40)) and follower.count == 4
    append(path, row(5, 1.0))
    assert follower.read() == News([row(5, 1.0)])


def test_a_file_that_was_cut_and_has_outgrown_the_old_one_is_noticed(path: Path) -> None:
    follower = RowFollower(path)
    append(path, *map(row, range(1, 4)))
    follower.read()
    cut_back(path, 1, path.with_name("aside"))
    append(path, *(row(update, 1.0) for update in range(2, 9)))
    news = follower.read()
    assert news.cut_to == Kept(1, 10) and news.rows == [row(update, 1.0) for update in range(2, 9)]


def test_a_file_that_was_replaced_by_the_same_rows_takes_nothing_back(path: Path) -> None:
    follower = RowFollower(path)
    append(path, row(1), row(2))
    follower.read()
    copy = path.with_name("copy")
    append(copy, row(1), row(2), row(3))
    copy.replace(path)
    assert follower.read() == News([row(3)])


def test_a_run_that_begins_again_takes_everything_back(path: Path) -> None:
    follower = RowFollower(path)
    append(path, row(1), row(2))
    follower.read()
    cut_back(path, 0, path.with_name("aside"))
    assert follower.read() == News([], Kept()) and follower.count == 0
