"""A run of several processes that is changed and evaluated by the command line while it trains and while it is paused."""

import json
import re

import pytest
from support import PATIENCE_S, events, updates, wait_until

from gwt_ib.runs.jsonl import read_records

pytestmark = [pytest.mark.processes, pytest.mark.side_by_side, pytest.mark.usefixtures("nothing_left")]


def done_at(result):
    """The update at which a request was done."""
    assert result.returncode == 0, result.stderr
    return int(re.search(r"done at update (\d+)", result.stderr)[1])


def values(run, name):
    """A metric by update."""
    return {row["update"]: row[name] for row in read_records(run.metrics)}


def test_a_run_is_changed_while_it_trains_and_while_it_is_paused_and_is_resumed_so(long_run, command):
    run, process = long_run
    first = done_at(command("set", "run", "lr=1e-3"))
    wait_until(lambda: updates(run)[-1] > first + 2, 20, "the run stood still")
    paused = done_at(command("pause", "run"))
    assert updates(run)[-1] == paused
    assert done_at(command("set", "run", "target_c=0.5")) == paused
    now = command("evaluate", "run", "--now", "--json")
    gate_now = json.loads(command("evaluate", "run", "--now", "--gate", "all", "--steps", "--json").stdout)
    assert done_at(command("snapshot", "run")) == paused == updates(run)[-1]
    assert json.loads(now.stdout)["update"] == paused
    # The snapshot has the weights of the same moment: evaluating it here gives what the run said of itself.
    offline = json.loads(command("evaluate", "run", "--gate", "all", "--steps", "--json").stdout)
    assert json.loads(now.stdout)["eval_returns"] == offline["returns"]["learned"]
    assert {name: offline[name] for name in gate_now} == {**gate_now, "time": offline["time"]}
    assert set(offline) - set(gate_now) == {"snapshot"}
    assert command("evaluate", "run", "--now").stdout.startswith(f"update {paused}: mean return ")
    assert done_at(command("unpause", "run")) == paused
    wait_until(lambda: updates(run)[-1] > paused, 20, "the run did not go on")
    assert command("stop", "run").returncode == 0
    assert process.wait(PATIENCE_S) == 0

    last = updates(run)[-1]
    assert updates(run) == list(range(1, last + 1))
    assert values(run, "lr") == {update: 2.5e-4 if update <= first else 1e-3 for update in updates(run)}
    assert values(run, "target_c") == {update: 0.35 if update <= paused else 0.5 for update in updates(run)}
    assert set(values(run, "eval_return").values()) == {None}
    assert [(event["field"], event["update"]) for event in events(run, "setting")] == [
        ("lr", first),
        ("target_c", paused),
    ]
    assert len(events(run, "evaluation")) == 2

    result = command("resume", "run", "--headless", "--json", "--total-timesteps", str((last + 1) * 4 * 64))
    row = json.loads(result.stdout)
    assert (row["update"], row["lr"], row["target_c"]) == (last + 1, 1e-3, 0.5)


def test_what_is_refused_is_refused_before_a_request_is_sent(long_run, command):
    run, _ = long_run
    for assignment, sentence in (
        ("seq_len=8", "seq_len is fixed. While a run trains, lr, ent_coef, target_c and lambda_c can be changed."),
        ("lamda_c=1", "Unknown field 'lamda_c'. Did you mean lambda_c"),
        ("lr=2", "lr = 2 is not possible: input should be less than or equal to 1."),
        ("lr=fast", "lr = 'fast' is not possible: input should be a valid number."),
        ("lr", "set run lr: expected FIELD=VALUE, for example set run lr=1e-3."),
    ):
        result = command("set", "run", assignment)
        assert result.returncode == 78
        assert sentence in result.stderr and len(result.stderr.splitlines()) == 1
    result = command("evaluate", "run", "--now", "--episodes", "3")
    assert result.returncode == 2 and "leave --episodes out" in result.stderr
    assert events(run, "acknowledged") == []


def test_a_request_that_is_none_is_a_warning_and_the_run_goes_on(long_run):
    run, process = long_run
    (run.control / "1.json").write_text(json.dumps({"id": "half \ud800", "kind": "set", "field": "lr", "value": "x"}))
    (run.control / "2.json").write_text(json.dumps({"id": "mine", "kind": "set", "field": "lr\u2028", "value": 1}))
    (run.control / "3.json").write_text(json.dumps({"id": "mine", "kind": "set", "field": "num_envs", "value": 2}))
    wait_until(lambda: events(run, "acknowledged"), 10, "the run did not answer")
    assert ["refused a request" in event["message"] for event in events(run, "warning")] == [True, True]
    (answer,) = events(run, "acknowledged")
    assert (answer["request"], answer["result"]) == ("mine", "refused")
    before = updates(run)[-1]
    wait_until(lambda: updates(run)[-1] > before, 20, "the run stood still")
    assert process.poll() is None
