"""What the history keeps, and that it stays small."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
from gate_rows import evaluation, row

from gwt_ib.gatecheck import history as history_module
from gwt_ib.gatecheck.history import History
from gwt_ib.lenient import real


def test_what_is_no_finite_number_is_none():
    for value in (None, "1", True, math.nan, math.inf, [1.0], {}, 10**400):
        assert real(value) is None


def test_an_empty_history_knows_nothing():
    history = History()
    assert (history.update, history.env_steps, history.evaluations(), history.recent("entropy")) == (None, None, [], [])


def test_the_newest_row_and_the_last_rows_are_kept():
    history = History.from_rows(row(update, entropy=float(update)) for update in range(1, 201))
    assert history.update == 200
    assert history.env_steps == 200 * 4096
    assert history.rows_seen == 200
    assert history.recent("entropy") == [float(update) for update in range(151, 201)]
    assert history.recent("entropy", 2) == [199.0, 200.0]
    assert history.recent_steps("entropy")[-1] == (200 * 4096, 200.0)
    assert (history.entropy_min, history.entropy_max) == (1.0, 200.0)


def test_the_caller_may_change_its_row_afterwards():
    history, mine = History(), row(1)
    history.add(mine)
    mine["update"] = 99
    assert history.update == 1


def test_evaluations_keep_their_returns_and_gaps():
    history = History.from_rows([row(1), evaluation(2, [1, None, "x", 2.5])])
    (found,) = history.evaluations()
    assert found.env_steps == 2 * 4096
    np.testing.assert_array_equal(found.returns, [1.0, math.nan, math.nan, 2.5])


def test_only_evaluations_of_the_newest_size_are_compared():
    rows = [evaluation(1, [0.0] * 4), evaluation(2, [0.0] * 6), evaluation(3, [0.0] * 6), row(4, eval_returns=[])]
    history = History.from_rows(rows)
    assert len(history.evaluations()) == 2
    assert history.evaluations_seen == 3


def test_ten_thousand_evaluations_are_thinned_evenly():
    history = History.from_rows({"update": i, "env_steps": i, "eval_returns": [float(i)]} for i in range(10_000))
    steps = [found.env_steps for found in history.evaluations()]
    assert history.evaluations_seen == 10_000
    assert 2048 <= len(steps) <= 4096
    assert steps[0] == 0
    assert steps[-1] >= 9_990
    assert len(set(np.diff(steps))) == 1


def test_memory_is_bounded_for_large_evaluations(monkeypatch):
    monkeypatch.setattr(history_module, "MAX_RETURNS", 10_000)
    history = History.from_rows({"update": i, "env_steps": i, "eval_returns": [0.0] * 100} for i in range(1000))
    kept = history.evaluations()
    assert sum(found.returns.size for found in kept) <= 10_000
    assert len(kept) >= 50


def test_memory_does_not_grow_with_the_run():
    def size(rows: int) -> int:
        tracemalloc.start()
        history = History.from_rows(row(update) for update in range(1, rows + 1))
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert history.rows_seen == rows
        return held

    size(100)
    assert size(3000) < size(300) + 20_000
