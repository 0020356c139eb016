"""The training loop: take a rollout, learn from it, record it, publish the result; knows no processes.

Between two updates lies the one safe point, where requests are answered: there the run is a pure function of its counters.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from gwt_ib.channel import LearnerChannel
from gwt_ib.config import Config
from gwt_ib.config_sources import change_live
from gwt_ib.envs.env_batch import EnvBatch, EpisodeError
from gwt_ib.learn.learner import Learner
from gwt_ib.learn.sequences import join
from gwt_ib.model.arrays import F64, I64
from gwt_ib.model.experience import SECTIONS, Block
from gwt_ib.rollout.env_loop import evaluate, evaluation_envs
from gwt_ib.rollout.episodes import EpisodeWindow
from gwt_ib.rollout.policy import Policy, make_policy
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.snapshot import Snapshot, save_snapshot
from gwt_ib.training.recorder import Recorder, Report, gate_metrics

SafePoint: TypeAlias = "Callable[[Training], bool]"
"""Answers requests between updates; returns True when the run is to stop."""


class Training:
    """One run from its present update to its last; owns the counters and what an evaluation acts with."""

    def __init__(self, run: RunDirectory, config: Config, learner: Learner, report: Report) -> None:
        self.run_directory = run
        self.config = config
        self.learner = learner
        self.recorder = Recorder(run, config, report)
        self.sections = learner.sections
        self.actor_seconds: F64 = np.zeros((config.num_actors, len(SECTIONS)))
        self.window = EpisodeWindow()
        self.episodes: I64 = np.full(config.num_envs, -1, np.int64)
        self.elapsed_s = 0.0
        self._eval_envs: EnvBatch | None = None
        self._eval_policy: Policy | None = None

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
        started, between_s = time.monotonic(), 0.0  # the first rollout is under way while the learner prepares
        self._publish(channel)
        self.learner.prepare()
        self.sections.take()  # that belongs to no update
        self.sections.start()
        stopped = False
        while not stopped and self.update < self.config.num_updates:
            blocks = channel.take()
            self.sections.end("wait")
            if blocks is None:
                stopped = safe_point(self)
                started = time.monotonic()
                self.sections.start()
                continue
            done = self._one_update(blocks, time.monotonic() - started, between_s)
            if self._due(self.config.snapshot_every) and self.update < self.config.num_updates:
                self._periodic_snapshot()
            self.sections.end("record")
            between_s = time.monotonic() - done
            stopped = safe_point(self)
            started = time.monotonic()
            if not stopped:
                self._publish(channel)
        self.recorder.write_verdict()
        return not stopped

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
            "gatecheck": self.recorder.verdict,
        }
        path = save_snapshot(self.run_directory.snapshots, Snapshot(model, optimizer, {}, state), self.env_steps)
        self.recorder.metrics.sync()
        self.recorder.done(self.update, "snapshot", started, str(path), path=str(path), request=request)
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
        envs, weights = self._eval_envs, self.learner.weights()
        if self._eval_policy is None:
            self._eval_policy = make_policy(envs.observation_size, envs.actions, self.config)
            self._eval_policy.prepare()
        self._eval_policy.write(weights.vector)
        returns = evaluate(self._eval_policy, weights.td_mean, weights.td_std, self.config, envs)
        mean = float(np.mean(returns))
        words = f"mean return {mean:.4f} over {len(returns)} episodes"
        given = None if request is None else returns
        fields = {"eval_return": mean, "eval_returns": given, "request": request}
        self.recorder.done(self.update, "evaluation", started, words, **fields)
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
        self.config = self.recorder.config = config
        self.learner.reconfigure(config)
        self.recorder.event(self.update, "setting", field=field, old=old, value=new, request=request)
        return f"{field} was {old} and is {new} from update {self.update + 1} on"

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot. Raises `KeyError` or `ValueError` where it does not fit this run."""
        state = snapshot.state
        if len(state["episodes"]) != self.config.num_envs:
            raise ValueError(f"the snapshot is of {len(state['episodes'])} environments, not {self.config.num_envs}")
        self.learner.restore(
            dict(snapshot.model), dict(snapshot.optimizer), state["td_mean"], state["td_std"], state["update"]
        )
        self.elapsed_s = state["elapsed_s"]
        self.episodes[:] = state["episodes"]
        self.window.restore(state["window"])
        self.recorder.restore(state["gatecheck"])  # not the file's verdict, which may be of updates that were cut off

    def _publish(self, channel: LearnerChannel) -> None:
        self.sections.start()  # what a safe point took belongs to no section
        channel.publish(self.learner.weights())
        self.sections.end("publish")

    def _one_update(self, blocks: Sequence[Block], rollout_s: float, between_s: float) -> float:
        """Learn and record; returns when it was done but for the records, whose time `between_s` is the next update's."""
        started = time.monotonic()
        rollout = join(blocks, self.config)
        lag = self.update - rollout.oldest_version
        self.actor_seconds[:] = rollout.block.seconds
        self.sections.end("batch")
        learnt = self.learner.update(rollout)
        self.sections.end("statistics")
        learn_s = time.monotonic() - started
        self.window.add(rollout.block)
        self.episodes[:] = rollout.block.episode
        self.sections.end("record")
        returns = self._scheduled_evaluation() if self._due(self.config.eval_every) else None
        self.sections.end("evaluation")
        done = time.monotonic()
        duration = between_s + rollout_s + done - started
        self.elapsed_s += duration
        self.recorder.row(
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
            self.recorder.warn(self.update, f"no evaluation: {error}")
            return None

    def _periodic_snapshot(self) -> None:
        """A full disk costs a snapshot, not the run."""
        try:
            self.snapshot()
        except OSError as error:
            self.recorder.warn(self.update, f"no snapshot was written: {error.strerror}")

    def _due(self, every: int) -> bool:
        return every > 0 and self.update % every == 0
