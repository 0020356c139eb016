"""The training loop: take a rollout, learn from it, record it, publish the result; knows no processes.

Between two updates lies the one safe point, where requests are answered: there the run is a pure function of its counters.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gwt_ib.channel.interface import LearnerChannel
from gwt_ib.config import Config
from gwt_ib.config_sources import change_live
from gwt_ib.durable import write_json
from gwt_ib.envs.env_batch import EnvBatch, EpisodeError
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run, with_since
from gwt_ib.gatecheck.statistics import gate_curve, gate_numbers
from gwt_ib.learn.learner import Learner
from gwt_ib.learn.sequences import Rollout, join
from gwt_ib.log import LOGGER, Seldom
from gwt_ib.rollout.block import SECTIONS, Block
from gwt_ib.rollout.episodes import EpisodeWindow
from gwt_ib.rollout.evaluate import evaluate, evaluation_envs
from gwt_ib.rollout.policy import with_kernels
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import Record, RecordWriter, read_records
from gwt_ib.runs.metrics import NAMES, finite_or_null
from gwt_ib.runs.snapshot import Snapshot, save_snapshot

Report = Callable[[Record], None]
PROGRESS_S = 60.0  # between two lines of the log about how far the run is
JUDGED_S = 0.25  # between two versions of `gatecheck.json`: replacing a file may wait for the disk
SELDOM_S = 30.0  # between two lines of the log about scheduled snapshots, or evaluations
LOGGED = ("rollout_s", "learn_s", "ep100", "td_std", "mean_c", "bias", "explained_variance", "entropy", "approx_kl")


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
        self.sections = learner.sections
        self.actor_seconds: NDArray[np.float64] = np.zeros((config.num_actors, len(SECTIONS)))
        self.window = EpisodeWindow()
        self.episodes: NDArray[np.int64] = np.full(config.num_envs, -1, np.int64)
        self.elapsed_s = 0.0
        self._metrics = RecordWriter(run.metrics)
        self._history = History()
        self._judged: Record = {}
        self._judged_written = -math.inf  # monotonic time
        self._undefined: set[str] = set()
        self._eval_envs: EnvBatch | None = None
        self._progress = Seldom(PROGRESS_S)
        self._schedule = Seldom(SELDOM_S)

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
        complete = self._run(channel, safe_point)
        self.write_judged()
        return complete

    def _run(self, channel: LearnerChannel, safe_point: SafePoint) -> bool:
        started, between_s = time.monotonic(), 0.0  # the first rollout is under way while the learner prepares
        self._publish(channel)
        self.learner.prepare()
        self.sections.take()  # that belongs to no update
        self.sections.start()
        while self.update < self.config.num_updates:
            blocks = channel.take()
            self.sections.lap("wait")
            if blocks is None:
                if safe_point(self):
                    return False
                started = time.monotonic()
                self.sections.start()
                continue
            done = self._one_update(blocks, time.monotonic() - started, between_s)
            if self._due(self.config.snapshot_every) and self.update < self.config.num_updates:
                self._periodic_snapshot()
            self.sections.lap("record")
            between_s = time.monotonic() - done
            if safe_point(self):
                return False
            started = time.monotonic()
            self._publish(channel)
        return True

    def snapshot(self, request: str | None = None) -> Path:
        """Save everything that the run needs to go on, and report it. Raises `OSError`."""
        started = time.monotonic()
        model, optimizer = self.learner.state_tensors()
        state = {
            "update": self.update,
            "env_steps": self.env_steps,
            "elapsed_s": self.elapsed_s,
            "td_mean": self.learner.td.mean,
            "td_std": self.learner.td.std,
            "episodes": self.episodes.tolist(),
            "window": self.window.state(),
            "gatecheck": self._judged,
        }
        path = save_snapshot(self.run_directory.snapshots, Snapshot(model, optimizer, state), self.env_steps)
        self._metrics.sync()
        level = self._schedule.level("snapshot") if request is None else logging.INFO
        LOGGER.log(level, "snapshot of update %s in %.2f s: %s", f"{self.update:,}", time.monotonic() - started, path)
        event: Record = {"kind": "snapshot", "path": str(path)}
        self._report(event if request is None else {**event, "request": request})
        return path

    def evaluate(self, request: str | None = None) -> list[float]:
        """The returns of an evaluation of the present weights. Raises `EpisodeError`, or `UserError` before the first.

        One that somebody asked for (`request`) is an event with all its returns, and enters no metrics row: the row of
        these weights is written already, the next one belongs to other weights, and GateCheck compares early with late
        evaluations on the schedule's even spacing, which a run has whether or not anyone looks at it.
        """
        started = time.monotonic()
        if self._eval_envs is None:
            self._eval_envs = evaluation_envs(self.config)
        weights = self.learner.weights()
        envs = self._eval_envs
        player = with_kernels(self.learner.agent, weights.vector, envs.observation_size, envs.actions, self.config)
        returns = evaluate(player, weights.td_mean, weights.td_std, self.config, envs)
        mean = float(np.mean(returns))
        level = self._schedule.level("evaluation") if request is None else logging.INFO
        LOGGER.log(
            level, "evaluation of update %s in %.2f s: mean return %.4f over %d episodes",
            f"{self.update:,}", time.monotonic() - started, mean, len(returns),
        )  # fmt: skip
        event: Record = {"kind": "evaluation", "eval_return": mean}
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
        # The file may tell of updates that were cut off; a snapshot of an older version tells nothing.
        before = state.get("gatecheck") or self.run_directory.read_gatecheck()
        self._judged = with_since(judge_run(self._history, self.config), before).as_dict()

    def close(self) -> None:
        """Sync and close the metrics file."""
        self._metrics.sync()
        self._metrics.close()

    def _publish(self, channel: LearnerChannel) -> None:
        self.sections.start()  # what a safe point took belongs to no section
        channel.publish(self.learner.weights())
        self.sections.lap("publish")

    def _one_update(self, blocks: Sequence[Block], rollout_s: float, between_s: float) -> float:
        """Learn and record; returns when it was done but for the records, whose time `between_s` is the next update's."""
        started = time.monotonic()
        rollout = join(blocks, self.config)
        lag = self.update - rollout.oldest_version
        self.actor_seconds[:] = rollout.block.seconds
        self.sections.lap("batch")
        learnt = self.learner.update(rollout)
        self.sections.lap("statistics")
        learn_s = time.monotonic() - started
        self.window.add(rollout.block)
        self.episodes[:] = rollout.block.episode
        self.sections.lap("record")
        returns = self._scheduled_evaluation() if self._due(self.config.eval_every) else None
        self.sections.lap("evaluation")
        done = time.monotonic()
        duration = between_s + rollout_s + done - started
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
        return done

    def _scheduled_evaluation(self) -> list[float] | None:
        """An environment that fails costs an evaluation, not the run; the next one gets new environments."""
        try:
            return self.evaluate()
        except EpisodeError as error:
            self._eval_envs = None
            self._warn(f"no evaluation: {error}")
            return None

    def _periodic_snapshot(self) -> None:
        """A full disk costs a snapshot, not the run."""
        try:
            self.snapshot()
        except OSError as error:
            self._warn(f"no snapshot was written: {error.strerror}")

    def _record(self, row: Record) -> None:
        clean, undefined = finite_or_null({name: row[name] for name in NAMES})
        self._metrics.append(clean)
        if new := [name for name in undefined if name not in self._undefined]:
            self._undefined.update(new)
            self._warn(f"not finite, written as null: {', '.join(new)}")
        self._history.add(clean)
        previous = self._judged
        self._judged = with_since(judge_run(self._history, self.config), previous).as_dict()
        verdict, before = self._judged["verdict"], previous.get("verdict", "wait")
        if verdict != before:
            LOGGER.info("GateCheck at update %s: %s, was %s", f"{self.update:,}", verdict, before)
            self._report({"kind": "verdict", "verdict": verdict, "previous": before})
        if verdict != before or time.monotonic() - self._judged_written >= JUDGED_S:
            self.write_judged()
        self._log_progress(clean)

    def write_judged(self) -> None:
        """Bring `gatecheck.json` up to the newest update; in between it is renewed a few times a second."""
        if self._judged:
            write_json(self.run_directory.gatecheck, self._judged, durable=False)
        self._judged_written = time.monotonic()

    def _due(self, every: int) -> bool:
        return every > 0 and self.update % every == 0

    def _log_progress(self, row: Record) -> None:
        level = self._progress.level("progress")
        if LOGGER.isEnabledFor(level):
            far = f"update {self.update:,} of {self.config.num_updates:,}, {self.env_steps:,} env steps"
            metrics = [f"{name} {row[name]:.4g}" for name in LOGGED if row[name] is not None]
            LOGGER.log(level, ", ".join([far, f"{row['steps_per_s']:,.0f} steps/s", *metrics]))

    def _warn(self, sentence: str) -> None:
        LOGGER.warning("update %s: %s", f"{self.update:,}", sentence)
        self._report({"kind": "warning", "message": sentence})

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
