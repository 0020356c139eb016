"""The training loop: take a rollout, learn from it, record it, publish the result; knows no processes.

Between two updates lies the one safe point, where requests are answered: there the run is a pure function of its counters.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.config_sources import change_live
from gwt_ib.envs.batch import EnvBatch, EpisodeError
from gwt_ib.evaluate import evaluate, evaluation_envs
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.rules import evaluate as evaluate_rules
from gwt_ib.gatecheck.statistics import gate_curve, gate_numbers
from gwt_ib.learn.batch import Rollout, join
from gwt_ib.learn.learner import Learner
from gwt_ib.rollout.episodes import EpisodeWindow
from gwt_ib.rollout.sequence import Block
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.durable import write_json
from gwt_ib.runs.metrics import NAMES, finite_or_null
from gwt_ib.runs.records import Record, RecordWriter, read_records
from gwt_ib.runs.snapshot import Snapshot, save_snapshot
from gwt_ib.train.channel import LearnerChannel

Report = Callable[[Record], None]


class SafePoint(Protocol):
    """Answers requests between updates; returns True when the run is to stop."""

    def __call__(self, training: Training) -> bool: ...


class Training:
    """One run from its present update to its last; owns the counters, the metrics file and the evaluation's environments."""

    def __init__(self, run: RunDirectory, config: Config, learner: Learner, report: Report) -> None:
        self.run_directory = run
        self.config = config
        self.learner = learner
        self.report = report
        self.window = EpisodeWindow()
        self.episodes: NDArray[np.int64] = np.full(config.num_envs, -1, np.int64)
        self.elapsed_s = 0.0
        self._metrics = RecordWriter(run.metrics)
        self._history = History()
        self._verdict = "wait"
        self._undefined: set[str] = set()
        self._eval_envs: EnvBatch | None = None

    @property
    def update(self) -> int:
        """Updates made so far."""
        return self.learner.version

    @property
    def env_steps(self) -> int:
        """Environment steps learnt from so far."""
        return self.update * self.config.steps_per_update

    def run(self, channel: LearnerChannel, safe_point: SafePoint) -> bool:
        """Train to the last update; False when a request stopped the run before. Raises `NotFiniteError`."""
        channel.publish(self.learner.weights())
        while self.update < self.config.num_updates:
            started = time.monotonic()
            blocks = channel.take()
            if blocks is None:
                if safe_point(self):
                    return False
                continue
            self._one_update(blocks, time.monotonic() - started)
            if self._due(self.config.snapshot_every) and self.update < self.config.num_updates:
                self._periodic_snapshot()
            if safe_point(self):
                return False
            channel.publish(self.learner.weights())
        return True

    def snapshot(self, request: str | None = None) -> Path:
        """Save everything that the run needs to go on, and report it. Raises `OSError`."""
        model, optimizer = self.learner.state_tensors()
        state = {
            "update": self.update,
            "env_steps": self.env_steps,
            "elapsed_s": self.elapsed_s,
            "td_mean": self.learner.td.mean,
            "td_std": self.learner.td.std,
            "episodes": self.episodes.tolist(),
            "window": self.window.state(),
        }
        path = save_snapshot(self.run_directory.snapshots, Snapshot(model, optimizer, state), self.env_steps)
        self._metrics.sync()
        event: Record = {"kind": "snapshot", "path": str(path)}
        self._report(event if request is None else {**event, "request": request})
        return path

    def evaluate(self, request: str | None = None) -> list[float]:
        """The returns of an evaluation of the present weights. Raises `EpisodeError`, or `UserError` before the first.

        One that somebody asked for (`request`) is an event with all its returns, and enters no metrics row: the row of
        these weights is written already, the next one belongs to other weights, and GateCheck compares early with late
        evaluations on the schedule's even spacing, which a run has whether or not anyone looks at it.
        """
        if self._eval_envs is None:
            self._eval_envs = evaluation_envs(self.config)
        weights = self.learner.weights()
        returns = evaluate(self.learner.agent, weights.td_mean, weights.td_std, self.config, self._eval_envs)
        event: Record = {"kind": "evaluation", "eval_return": float(np.mean(returns))}
        self._report(event if request is None else {**event, "eval_returns": returns, "request": request})
        return returns

    def change_setting(self, field: str, value: float, request: str | None = None) -> str:
        """Give a live setting another value from the next update on, and report it; returns what happened, in words.

        `config.json` is rewritten first, so that the run is resumed with what it was trained with. Raises `UserError`
        for another field or a value that is not possible, `OSError` when the disk refuses; then nothing has changed.
        """
        config = change_live(self.config, field, value)
        old, new = getattr(self.config, field), getattr(config, field)
        if old == new:
            return f"{field} is {new} already"
        self.run_directory.write_config(config)
        self.config = config
        self.learner.reconfigure(config)
        self._report({"kind": "setting", "field": field, "old": old, "value": new, "request": request})
        return f"{field} was {old} and is {new} from update {self.update + 1} on"

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot. Raises `ValueError` where it does not fit this run."""
        state = snapshot.state
        if len(state["episodes"]) != self.config.num_envs:
            raise ValueError(f"the snapshot is of {len(state['episodes'])} environments, not {self.config.num_envs}")
        self.learner.restore(
            dict(snapshot.model), dict(snapshot.optimizer), state["td_mean"], state["td_std"], state["update"]
        )
        self.elapsed_s = state["elapsed_s"]
        self.episodes[:] = state["episodes"]
        self.window.restore(state["window"])
        for row in read_records(self.run_directory.metrics):
            self._history.add(row)
        self._verdict = evaluate_rules(self._history, self.config).status

    def close(self) -> None:
        """Sync and close the metrics file."""
        self._metrics.sync()
        self._metrics.close()

    def _one_update(self, blocks: Sequence[Block], rollout_s: float) -> None:
        started = time.monotonic()
        rollout = join(blocks, self.config)
        lag = self.update - rollout.oldest_version
        learnt = self.learner.update(rollout)
        learn_s = time.monotonic() - started
        self.window.add(rollout.block)
        self.episodes[:] = rollout.block.episode
        returns = self._scheduled_evaluation() if self._due(self.config.eval_every) else None
        duration = rollout_s + time.monotonic() - started
        self.elapsed_s += duration
        self._record(
            {
                "update": self.update,
                "env_steps": self.env_steps,
                "elapsed_s": round(self.elapsed_s, 4),
                "steps_per_s": round(self.config.steps_per_update / duration, 2),
                "rollout_s": round(rollout_s, 5),
                "learn_s": round(learn_s, 5),
                "policy_lag_max": lag,
                **learnt,
                **gate_metrics(rollout),
                "ep100": self.window.ep100,
                "ep_len100": self.window.ep_len100,
                "episodes": self.window.episodes,
                "mmer": self.window.mmer,
                "eval_return": None if returns is None else float(np.mean(returns)),
                "eval_returns": returns,
            }
        )

    def _scheduled_evaluation(self) -> list[float] | None:
        """An environment that fails costs an evaluation, not the run; the next one gets new environments."""
        try:
            return self.evaluate()
        except EpisodeError as error:
            self._eval_envs = None
            self._report({"kind": "warning", "message": f"no evaluation: {error}"})
            return None

    def _periodic_snapshot(self) -> None:
        """A full disk costs a snapshot, not the run."""
        try:
            self.snapshot()
        except OSError as error:
            self._report({"kind": "warning", "message": f"no snapshot was written: {error.strerror}"})

    def _record(self, row: Record) -> None:
        clean, undefined = finite_or_null({name: row[name] for name in NAMES})
        self._metrics.append(clean)
        if new := [name for name in undefined if name not in self._undefined]:
            self._undefined.update(new)
            self._report({"kind": "warning", "message": f"not finite, written as null: {', '.join(new)}"})
        self._history.add(clean)
        verdict = evaluate_rules(self._history, self.config).as_dict()
        write_json(self.run_directory.gatecheck, verdict, durable=False)
        if verdict["verdict"] != self._verdict:
            self._report({"kind": "verdict", "verdict": verdict["verdict"], "previous": self._verdict})
            self._verdict = verdict["verdict"]

    def _due(self, every: int) -> bool:
        return every > 0 and self.update % every == 0

    def _report(self, event: Record) -> None:
        self.report({**event, "update": self.update, "env_steps": self.env_steps})


def gate_metrics(rollout: Rollout) -> dict[str, Any]:
    """The metrics of the gate over a rollout's steps; correlations and curve leave the first steps of episodes out."""
    block = rollout.block
    later = ~block.is_first
    td_abs = np.abs((block.td_prev - rollout.td_mean) / rollout.td_std)[later]
    c, prior = block.c[later], block.prior[later]
    correlations = gate_numbers(td_abs, c, prior)
    return {
        "mean_c": float(block.c.mean(dtype=np.float64)),
        # Where c equals its prior, as in the first rollout, delta_c has no correlation: that is null, and no fault.
        **{name: None if math.isnan(value) else value for name, value in correlations.items()},
        "gate_curve": gate_curve(td_abs, c, prior),
    }
