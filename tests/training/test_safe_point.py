"""Requests at the safe point of a run in the test's own process: what is answered, and what of training they change."""

import socket
from dataclasses import dataclass

import numpy as np
import pytest
from support import small_config
from training_here import training_here

from gwt_ib.config import Config
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.gatecheck.gate_evaluation import read_gate_evaluation
from gwt_ib.processes.link import Link
from gwt_ib.processes.requests import Requests
from gwt_ib.replacements import DECISIVE, REPLACEMENTS
from gwt_ib.rollout.evaluation import Played
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import Record, read_records
from gwt_ib.training.loop import Training
from gwt_ib_tui.commands.headless import judge_recorded

NOT_REPEATED = {"elapsed_s", "steps_per_s", "rollout_s", "learn_s"}
EVALUATION = {"eval_return", "eval_returns", "eval_replaced"}


@dataclass
class Trained:
    """What a run of four updates left behind."""

    run: RunDirectory
    weights: np.ndarray
    rows: list[Record]
    events: list[Record]
    answers: list[Record]

    def training(self, *columns: str) -> list[Record]:
        """The rows with these columns alone; without any, with all that repeat and are not of an evaluation."""
        keep = columns or set(self.rows[0]) - NOT_REPEATED - EVALUATION
        return [{name: row[name] for name in keep} for row in self.rows]


@pytest.fixture
def train(tmp_path):
    """Trains a run, with requests that come in after the updates that `asked` names."""
    ends: list[Link] = []

    def run(name: str = "run", asked: dict[int, list[Record]] | None = None, **changes: object) -> Trained:
        config = small_config(channel="serial", **changes)
        directory = create_run(config, tmp_path / name, [])
        ours, theirs = map(Link, socket.socketpair())
        ends.extend((ours, theirs))
        events: list[Record] = []
        training, make_channel = training_here(directory, config, events.append)
        requests = Requests(theirs)

        def safe_point(training: Training) -> bool:
            for number, message in enumerate((asked or {}).get(training.update, [])):
                ours.send({"request": f"{training.update}.{number}", **message})
            return requests(training)

        channel = make_channel()
        assert training.run(channel, safe_point)
        channel.close()
        training.recorder.close()
        weights = training.learner.flat.read().copy()
        return Trained(directory, weights, read_records(directory.metrics), events, ours.receive())

    yield run
    for end in ends:
        end.close()


def setting(field: str, value: float) -> Record:
    return {"kind": "set", "field": field, "value": value}


def test_a_setting_holds_from_the_next_update_on_and_is_recorded(train):
    asked = {2: [setting("lr", 1e-3), setting("target_c", 0.5), setting("lambda_c", 0.2), setting("ent_coef", 0.3)]}
    changed, before = train("changed", asked), train("before")
    assert [row["lr"] for row in changed.rows] == [2.5e-4, 2.5e-4, 1e-3, 1e-3]
    assert [row["target_c"] for row in changed.rows] == [0.35, 0.35, 0.5, 0.5]
    assert [row["lambda_c"] for row in changed.rows] == pytest.approx([0.05 / 25, 0.1 / 25, 0.6 / 25, 0.8 / 25])
    assert changed.training()[:2] == before.training()[:2]
    assert not np.array_equal(changed.weights, before.weights)
    config = changed.run.read_config()
    assert (config.lr, config.target_c, config.lambda_c, config.ent_coef) == (1e-3, 0.5, 0.2, 0.3)
    assert config == small_config(channel="serial", lr=1e-3, target_c=0.5, lambda_c=0.2, ent_coef=0.3)
    recorded = [event for event in changed.events if event["kind"] == "setting"]
    assert recorded[0] == {
        "kind": "setting", "field": "lr", "old": 2.5e-4, "value": 1e-3, "request": "2.0", "update": 2, "env_steps": 512
    }  # fmt: skip
    assert [event["field"] for event in recorded] == ["lr", "target_c", "lambda_c", "ent_coef"]
    assert [(answer["result"], answer["update"], answer["request"]) for answer in changed.answers] == [
        ("done", 2, f"2.{number}") for number in range(4)
    ]
    assert changed.answers[0]["message"] == "lr was 0.00025 and is 0.001 from update 3 on"


def test_the_optimiser_steps_with_the_new_learning_rate(train):
    rows = train(asked={2: [setting("lr", 0.0)]}, lr=1e-2).rows
    assert all(row["approx_kl"] > 1e-7 for row in rows[:2])
    assert all(row["approx_kl"] < 1e-9 and row["clip_fraction"] == 0 for row in rows[2:])


def test_gatecheck_judges_by_the_new_setting(train):
    changed = train(asked={2: [setting("target_c", 0.9)]}, budget_warmup_updates=0)
    verdict = judge_recorded(changed.run, changed.run.read_config()).as_dict()
    assert changed.run.read_gatecheck() == verdict
    assert "target_c = 0.9" in str(verdict)


def test_settings_that_are_refused_change_nothing(train):
    asked = [setting("num_envs", 8.0), setting("learningrate", 1.0), setting("target_c", 1.5)]
    refused, before = train("refused", {2: asked}), train("before")
    assert [(answer["result"], answer["update"], answer["message"]) for answer in refused.answers] == [
        ("refused", 2, "num_envs is fixed. While a run trains, lr, ent_coef, target_c and lambda_c can be changed."),
        (
            "refused",
            2,
            "Unknown field 'learningrate'. While a run trains, lr, ent_coef, target_c and lambda_c can be changed.",
        ),
        ("refused", 2, "target_c = 1.5 is not possible: input should be less than or equal to 1."),
    ]
    assert refused.training() == before.training()
    assert refused.run.config.read_bytes() == before.run.config.read_bytes()
    assert [{**event, "path": None} for event in refused.events] == [{**event, "path": None} for event in before.events]


def test_a_setting_that_cannot_be_written_down_is_refused_and_does_not_hold(train, monkeypatch):
    def full(run: RunDirectory, config: Config) -> None:
        if config.lr != 2.5e-4:
            raise OSError(28, "No space left on device")

    create = RunDirectory.write_config
    monkeypatch.setattr(RunDirectory, "write_config", lambda run, config: full(run, config) or create(run, config))
    trained = train(asked={2: [setting("lr", 1e-3)]})
    assert [(answer["result"], answer["message"]) for answer in trained.answers] == [
        ("refused", "No space left on device")
    ]
    assert {row["lr"] for row in trained.rows} == {2.5e-4}


def test_the_value_that_a_setting_has_is_no_change(train):
    trained = train(asked={2: [setting("lr", 2.5e-4)]})
    assert trained.answers[0]["result"] == "done"
    assert trained.answers[0]["message"] == "lr is 0.00025 already"
    assert not [event for event in trained.events if event["kind"] == "setting"]


def test_a_paused_run_answers_everything_at_once(train):
    asked = {
        2: [{"kind": "pause"}, setting("lr", 1e-3), {"kind": "evaluate"}, {"kind": "snapshot"}, {"kind": "unpause"}]
    }
    trained = train(asked=asked)
    assert [(answer["request_kind"], answer["result"]) for answer in trained.answers] == [
        (kind, "done") for kind in ("pause", "set", "evaluate", "snapshot", "unpause")
    ]
    assert [row["lr"] for row in trained.rows] == [2.5e-4, 2.5e-4, 1e-3, 1e-3]


def test_an_evaluation_that_is_asked_for_is_the_scheduled_one_and_touches_nothing(train):
    asked = train("asked", {2: [{"kind": "evaluate"}], 3: [{"kind": "evaluate"}]}, eval_every=0)
    scheduled = train("scheduled", eval_every=1)
    evaluations = [event for event in asked.events if event["kind"] == "evaluation"]
    assert [event["eval_returns"] for event in evaluations] == [
        scheduled.rows[1]["eval_returns"], scheduled.rows[2]["eval_returns"]
    ]  # fmt: skip
    assert [event["eval_return"] for event in evaluations] == [row["eval_return"] for row in scheduled.rows[1:3]]
    assert [(event["request"], event["update"]) for event in evaluations] == [("2.0", 2), ("3.0", 3)]
    mean = scheduled.rows[1]["eval_return"]
    assert asked.answers[0]["message"] == f"mean return {mean:.4f} over 3 episodes"
    assert asked.training() == scheduled.training()
    assert np.array_equal(asked.weights, scheduled.weights)


def test_an_evaluation_that_is_asked_for_leaves_every_record_of_metrics_and_verdict_alone(train):
    asked, alone = train("asked", {1: [{"kind": "evaluate"}], 3: [{"kind": "evaluate"}]}), train("alone")
    columns = set(alone.rows[0]) - NOT_REPEATED
    assert asked.training(*columns) == alone.training(*columns)
    assert asked.run.read_gatecheck() == alone.run.read_gatecheck()


def test_an_evaluation_whose_environment_fails_is_refused_and_the_run_goes_on(train, monkeypatch):
    def broken(*_: object, **__: object) -> Played:
        raise EpisodeError("mine:Env-v0", 1, 0, 7, [], ValueError("it broke"))

    monkeypatch.setattr("gwt_ib.rollout.replaced_gate.play", broken)
    trained = train(asked={2: [{"kind": "evaluate"}]}, eval_every=0)
    assert trained.answers[0]["result"] == "refused"
    assert "environment 1 failed in episode 0 (seed 7): ValueError: it broke" in trained.answers[0]["message"]
    assert len(trained.rows) == 4


def test_a_gate_evaluation_that_is_asked_for_is_kept_with_the_run_and_touches_nothing(train):
    asked, alone = train("asked", {2: [{"kind": "evaluate_gate"}]}), train("alone")
    (event,) = [event for event in asked.events if event["kind"] == "gate_evaluation"]
    made = read_gate_evaluation(asked.run)
    assert made is not None and (made.update, made.env_steps) == (2, 512) == (event["update"], event["env_steps"])
    assert [effect.gate for effect in made.effects] == list(REPLACEMENTS) and made.steps is not None
    assert list(made.returns["learned"]) == alone.rows[1]["eval_returns"]
    assert (event["request"], event["path"]) == ("2.0", str(asked.run.gate_evaluation))
    assert asked.answers[0]["message"] == made.words == event["message"]
    columns = set(alone.rows[0]) - NOT_REPEATED
    assert asked.training(*columns) == alone.training(*columns)


def test_scheduled_evaluations_replace_the_gate_and_touch_nothing_else(train):
    replaced, alone = (train(str(share), eval_gate_share=share, num_actors=1) for share in (1.0, 0.0))
    found = [row["eval_replaced"] for row in replaced.rows]
    assert [row["eval_replaced"] for row in alone.rows] == [None] * 4
    assert found[0] is None is found[2] and set(found[3]) == set(DECISIVE)
    assert [[value is None for value in returns] for returns in found[3].values()] == [[False, False, True]] * 3
    columns = set(alone.rows[0]) - NOT_REPEATED - {"eval_replaced"}
    assert replaced.training(*columns) == alone.training(*columns)
    assert np.array_equal(replaced.weights, alone.weights)


def test_where_playing_with_another_gate_fails_the_evaluation_keeps_its_returns(train, monkeypatch):
    def broken(*_: object) -> None:
        raise EpisodeError("mine:Env-v0", 1, 0, 7, [], ValueError("it broke"))

    monkeypatch.setattr("gwt_ib.rollout.replaced_gate.GatePlayer.replaced", broken)
    trained = train(eval_gate_share=1.0, num_actors=1)
    assert trained.rows[3]["eval_replaced"] is None and len(trained.rows[3]["eval_returns"]) == 3
    warnings = [event["message"] for event in trained.events if event["kind"] == "warning"]
    assert any(message.startswith("no evaluation with the gate replaced: ") for message in warnings)
