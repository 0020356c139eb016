"""Since which update a status holds: carried from verdict to verdict, through a kill, a resume and older files."""

from __future__ import annotations

import json

import pytest
from gate_rows import evaluations, healthy_run, row, verdict_of

from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import with_since

KINDS = [finding.kind for finding in verdict_of([]).findings]


def judged(rows, previous=None):
    """Every update's verdict in its JSON form, as the learner would write one after the other."""
    records = [] if previous is None else [previous]
    for last in range(1, len(rows) + 1):
        records.append(with_since(verdict_of(rows[:last]), records[-1] if records else {}).as_dict())
    return records if previous is None else records[1:]


def statuses(record):
    verdicts = {"verdict": record["verdict"], "gate": record["gate"]["verdict"]}
    return {found["kind"]: found["status"] for found in record["findings"]} | verdicts


def sinces(record):
    verdicts = {"verdict": record["since"], "gate": record["gate"]["since"]}
    return {found["kind"]: found["since"] for found in record["findings"]} | verdicts


def up_and_down():
    """td_std is pinned and the gate open from update 11 to 20, and again from 41 on; the evaluations rise."""
    rows = healthy_run(60)
    return [
        {**entry, "td_std": 0.001, "mean_c": 1.0} if entry["update"] in (*range(11, 21), *range(41, 61)) else entry
        for entry in rows
    ]


def test_every_since_is_the_first_update_of_the_newest_unbroken_stretch():
    records = judged(up_and_down())
    for name in (*KINDS, "verdict", "gate"):
        first = 1
        for update, (before, now) in enumerate(zip([None, *records], records, strict=False), 1):
            if before is None or statuses(before)[name] != statuses(now)[name]:
                first = update
            assert sinces(now)[name] == first, (name, update)
    assert sinces(records[-1])["td_std"] == 41
    assert sinces(records[35])["td_std"] == 21
    assert sinces(records[-1])["bias_inside_clamps"] == 1
    assert (statuses(records[-1])["gate"], sinces(records[-1])["gate"]) == ("open", 50)  # of the last ten updates


def test_nothing_recorded_is_so_since_no_update():
    assert set(sinces(with_since(verdict_of([]), {}).as_dict()).values()) == {None}


def test_it_changes_nothing_else():
    rows = up_and_down()
    for previous in ({}, judged(rows[:30])[-1]):
        plain, known = verdict_of(rows[:31]).as_dict(), with_since(verdict_of(rows[:31]), previous).as_dict()
        for record in (plain, known):
            del record["since"], record["gate"]["since"]
            for found in record["findings"]:
                del found["since"]
        assert plain == known


def test_a_run_that_was_cut_back_carries_nothing_from_after_the_cut():
    rows = up_and_down()
    later = judged(rows)[-1]  # td_std waits since 41
    cut = with_since(verdict_of(rows[:15]), later).as_dict()
    assert statuses(cut)["td_std"] == statuses(later)["td_std"] == "wait"
    assert sinces(cut)["td_std"] == 15, "it waited at 15 too, but 41 is not since when"
    assert sinces(cut)["bias_inside_clamps"] == 1, "what holds since before the cut holds"
    assert all(since <= 15 for since in sinces(cut).values())


def test_the_snapshots_own_verdict_tells_exactly():
    rows = up_and_down()
    at_the_cut = judged(rows[:15])[-1]
    assert with_since(verdict_of(rows[:15]), at_the_cut).as_dict() == at_the_cut
    assert judged(rows[15:], at_the_cut) != judged(rows[15:]), "the rows after it go on from it"


@pytest.mark.parametrize("age", [0, 1])
def test_a_recorded_verdict_that_is_of_these_rows_or_one_behind_is_carried_on(age):
    rows = healthy_run(31)
    recorded = judged(rows[: 31 - age])[-1]
    assert sinces(with_since(verdict_of(rows), recorded).as_dict())["td_std"] == 1


def test_over_updates_that_nobody_judged_nothing_is_carried():
    recorded = judged(healthy_run(20))[-1]
    assert set(sinces(with_since(verdict_of(healthy_run(31)), recorded).as_dict()).values()) == {31}


def test_a_file_of_an_older_version_is_read_and_the_present_update_taken():
    rows = healthy_run(31)
    old = judged(rows)[-1]
    del old["since"], old["gate"]
    for found in old["findings"]:
        for name in ("since", "threshold", "limits", "decides"):
            del found[name]
    assert set(sinces(with_since(verdict_of(rows), old).as_dict()).values()) == {31}


@pytest.mark.parametrize("wrong", [None, "7", 7.5, True, -3, 0, 10**9, [], {}])
def test_damage_in_the_previous_verdict_is_as_good_as_none(wrong):
    rows = healthy_run(9)
    verdict = verdict_of(rows)
    found = {"kind": "td_std", "status": "pass", "since": wrong}
    for previous in (
        {"update": wrong, "since": wrong, "verdict": "wait"},
        {"update": 9, "since": wrong, "verdict": "wait", "findings": wrong},
        {"update": 9, "verdict": wrong, "findings": [wrong, found, {"kind": wrong}]},
    ):
        record = with_since(verdict, previous).as_dict()
        assert set(sinces(record).values()) == {9}
        json.dumps(record, allow_nan=False)


def test_it_holds_for_verdicts_that_fail_at_once():
    flat = evaluations([[0.0] * 20] * 10)
    known = with_since(verdict_of([*flat, row(101)]), {})
    assert isinstance(known, Verdict)
    assert (known.status, known.since) == ("fail", 101)
    assert History.from_rows(flat).update == 100
