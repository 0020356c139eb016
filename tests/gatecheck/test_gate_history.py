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

    size(1000)  # the interpreter keeps some of its memory for later
    assert size(1000) < size(300) + 20_000


def test_returns_with_a_replaced_gate_are_kept_as_pairs_of_the_same_seeds():
    replaced = {"open": [0.5, None, 1.0], "shuffled": [1.0, 2.0], "no such gate": [1.0] * 3, "shut": "text"}
    history = History.from_rows([evaluation(2, [1.0, 2.0, None], eval_replaced=replaced)])
    (pairs,) = history.pairs("open")
    assert pairs.env_steps == 2 * 4096
    np.testing.assert_array_equal(pairs.learned, [1.0, 2.0, math.nan])
    np.testing.assert_array_equal(pairs.replaced, [0.5, math.nan, 1.0])
    assert [history.pairs(word) for word in ("shuffled", "shut", "no such gate", "prior")] == [[]] * 4


def test_thinning_leaves_pairs_of_every_replacement_that_was_played_in_turn(monkeypatch):
    monkeypatch.setattr(history_module, "FEWEST_KEPT", 8)
    monkeypatch.setattr(history_module, "MAX_RETURNS", 0)
    words = ("open", "constant", "shuffled", "prior")
    rows = [evaluation(i, [0.0] * 3, eval_replaced={words[i % 4]: [0.0] * 3}) for i in range(400)]
    history = History.from_rows(rows)
    assert [4 <= len(history.pairs(word)) <= 8 for word in words] == [True] * 4
    assert len(history.evaluations()) <= 8


def test_a_copy_of_a_history_stays_as_it_was():
    history = History.from_rows([evaluation(1, [1.0] * 3, eval_replaced={"open": [0.0] * 3})])
    before = history.copy()
    history.add(evaluation(2, [1.0] * 3, eval_replaced={"open": [0.0] * 3}))
    assert (len(before.evaluations()), len(before.pairs("open"))) == (1, 1)
    assert (len(history.evaluations()), len(history.pairs("open"))) == (2, 2)
