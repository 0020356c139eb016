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
from gwt_ib.gatecheck.gate_evaluation import GateEvaluation, write_gate_evaluation
from gwt_ib.learn.learner import Learner
from gwt_ib.learn.sequences import join
from gwt_ib.log import LOGGER
from gwt_ib.model.arrays import F64
from gwt_ib.model.experience import SECTIONS, Block
from gwt_ib.rollout.episodes import EpisodeWindow
from gwt_ib.rollout.evaluation import Played, Returns, mean_return
from gwt_ib.rollout.open_episodes import Carried, OpenEpisodes
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.snapshot import Snapshot
from gwt_ib.training.evaluator import EvaluationError, Evaluator
from gwt_ib.training.gate_budget import GateBudget
from gwt_ib.training.recorder import Recorder, Report, gate_metrics
from gwt_ib.training.saving import Saving

SafePoint: TypeAlias = "Callable[[Training], bool]"
"""Answers requests between updates; returns True when the run is to stop."""


class Training:
    """One run from its present update to its last; owns the counters and what an evaluation acts with."""

    def __init__(
        self,
        run: RunDirectory,
        config: Config,
        learner: Learner,
        report: Report,
        evaluator: Evaluator,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """`report` gets events and troubles; `beat` is called wherever a wait might look like a hang."""
        self.run_directory = run
        self.config = config
        self.learner = learner
        self.beat = beat
        self.recorder = Recorder(run, config, report)
        self.sections = learner.sections
        self.actor_seconds: F64 = np.zeros((config.num_actors, len(SECTIONS)))
        self.window = EpisodeWindow()
        self.open_episodes = OpenEpisodes(config.num_envs)
        self.handovers: dict[int, tuple[int, bool]] = {}
        """Actors whose new process waits for its environments: its generation, and whether it begins new episodes."""
        self.elapsed_s = 0.0
        self.saving = Saving(run, config, self.recorder)
        self._learning = False
        self._evaluator = evaluator
        self._eval_return: float | None = None  # the newest of the schedule
        self._gate_budget = GateBudget()

    @property
    def between_updates(self) -> bool:
        """Whether weights and counters belong together: not in the middle of learning from a rollout."""
        return not self._learning

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
        self.handovers |= dict.fromkeys(range(self.config.num_actors), (1, False))
        self._hand_over(channel)
        self._publish(channel)
        if not self.update:
            self.saving.begin(self.state(), self.update)
        self.learner.prepare()
        self.saving.wait()  # from the first update on there is something to go back to
        self.saving.report(self.update)
        self.sections.take()  # that belongs to no update
        self.sections.start()
        stopped = False
        while not stopped and self.update < self.config.num_updates:
            blocks = channel.take()
            self.sections.end("wait")
            if blocks is None:
                stopped = safe_point(self)
                self._hand_over(channel)
                started = time.monotonic()
                self.sections.start()
                continue
            done = self._one_update(blocks, time.monotonic() - started, between_s)
            if self.saving.due(self.update) and self.update < self.config.num_updates:
                self.saving.begin(self.state(), self.update)
            self.saving.report(self.update)
            self.recorder.report_trouble(self.update, self.saving.trouble)
            self.sections.end("record")
            between_s = time.monotonic() - done
            stopped = safe_point(self)
            self._hand_over(channel)
            started = time.monotonic()
            if not stopped:
                self._publish(channel)
        self.recorder.write_verdict(ended=True)
        return not stopped

    def snapshot(self, request: str | None = None) -> Path:
        """Save everything that the run needs to go on, now, to be kept for good, and report it. Raises `OSError`."""
        return self.saving.save(self.state(), self.update, request)

    def last_snapshot(self) -> Path:
        """Save what the run ends with, also where its directory refuses that. Raises `OSError`."""
        return self.saving.save_last(self.state(), self.update)

    def state(self) -> Snapshot:
        """Everything that the run needs to go on exactly, between two updates; copies."""
        model, optimizer = self.learner.state_tensors()
        carried = self.open_episodes.carried()
        state = {
            "update": self.update,
            "env_steps": self.env_steps,
            "elapsed_s": self.elapsed_s,
            "td_mean": self.learner.td.mean,
            "td_std": self.learner.td.std,
            "episodes": self.open_episodes.episode.tolist(),
            "window": self.window.state(),
            "gatecheck": self.recorder.verdict,
            "eval_return": self._eval_return,
            "gate_budget": self._gate_budget.state(),
            "config": self.config.model_dump(mode="json"),
        }
        return Snapshot(model, optimizer, {} if carried is None else carried.tensors(), state)

    def evaluate(self, request: str | None = None) -> Returns:
        """The returns of an evaluation of the present weights. Raises `EvaluationError`.

        One that somebody asked for (`request`) is an event with all its returns, and enters no metrics row: the row of
        these weights is written already, the next one belongs to other weights, and GateCheck compares early with late
        evaluations on the schedule's even spacing, which a run has whether or not anyone looks at it.
        """
        return self._evaluate(request).returns

    def evaluate_gate(self, request: str | None = None) -> GateEvaluation:
        """What the gate of the present weights is worth: kept with the run, and an event. No row and no budget knows of it.

        Raises `EvaluationError`, and `OSError` where it cannot be kept.
        """
        started = time.monotonic()
        made = GateEvaluation.of(self._evaluator.gate_record(self.learner.weights()), self.update, self.env_steps)
        path = self.run_directory.gate_evaluation
        write_gate_evaluation(self.run_directory, made)
        fields = {"message": made.words, "eval_return": made.eval_return, "episodes": made.episodes, "path": str(path)}
        seconds = time.monotonic() - started
        self.recorder.done(self.update, "gate_evaluation", seconds, made.words, **fields, request=request)
        return made

    def _evaluate(self, request: str | None = None) -> Played:
        started = time.monotonic()
        played = self._evaluator.evaluate(self.learner.weights())
        returns, mean = played.returns, mean_return(played.returns)
        words = f"mean return {mean:.4f} over {len(returns)} episodes"
        given = None if request is None else returns
        fields = {"eval_return": mean, "eval_returns": given, "request": request}
        self.recorder.done(self.update, "evaluation", time.monotonic() - started, words, **fields)
        return played

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
        self.config = self.recorder.config = self.saving.config = config
        self.learner.reconfigure(config)
        self.recorder.event(self.update, "setting", field=field, old=old, value=new, request=request)
        return f"{field} was {old} and is {new} from update {self.update + 1} on"

    def restore(self, snapshot: Snapshot) -> bool:
        """Go on from a snapshot that fits; whether it knows how the environments stood.

        Raises `KeyError` or `ValueError` where it does not fit this run.
        """
        state = snapshot.state
        if len(state["episodes"]) != self.config.num_envs:
            raise ValueError(f"the snapshot is of {len(state['episodes'])} environments, not {self.config.num_envs}")
        carried = Carried.from_tensors(snapshot.environments) if snapshot.environments else None
        self.learner.restore(
            dict(snapshot.model), dict(snapshot.optimizer), state["td_mean"], state["td_std"], state["update"]
        )
        self.elapsed_s = state["elapsed_s"]
        self.open_episodes.restore(state["episodes"], carried)
        self.window.restore(state["window"])
        self._eval_return = state.get("eval_return")
        self._gate_budget.restore(state.get("gate_budget", {}))
        return carried is not None or not self.update

    def _hand_over(self, channel: LearnerChannel) -> None:
        """Give new processes of actors their environments, where no block of the old ones is on its way."""
        if not self.handovers:
            return
        carried, size = self.open_episodes.carried(), self.config.envs_per_actor
        for actor, (generation, fresh) in list(self.handovers.items()):
            rows = None if fresh or carried is None else carried.rows(actor * size, size)
            if channel.hand_over(actor, generation, rows):
                del self.handovers[actor]

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
        self._learning = True
        learnt = self.learner.update(rollout)
        self.sections.end("statistics")
        learn_s = time.monotonic() - started
        for sentence in self.learner.left_out:
            self.recorder.warn(self.update, f"a step was left out: {sentence}")
        self.window.add(rollout.block)
        self.open_episodes.add(rollout.block)
        self.sections.end("record")
        returns, replaced = self._scheduled_evaluation() if self._due(self.config.eval_every) else (None, None)
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
                "ep_return": self.window.newest_mean,
                "mmer": self.window.mmer,
                "eval_return": None if returns is None else mean_return(returns),
                "eval_returns": returns,
                "eval_replaced": replaced,
            }
        )
        self._learning = False
        return done

    def _scheduled_evaluation(self) -> tuple[Returns | None, dict[str, Returns] | None]:
        """The returns, and those with the gate replaced where that is due.

        An environment that fails, hangs or cannot be made costs an evaluation, not the run.
        """
        try:
            played = self._evaluate()
        except EvaluationError as error:
            self.recorder.warn(self.update, f"no evaluation: {error}")
            return None, None
        self._eval_return = mean_return(played.returns)
        return played.returns, self._replaced_gates(played)

    def _replaced_gates(self, played: Played) -> dict[str, Returns] | None:
        look = self._gate_budget.due(self.config, self.update, played)
        if look is None:
            return None
        started = time.monotonic()
        try:
            found = self._evaluator.replaced(self.learner.weights(), look)
        except EvaluationError as error:
            self.recorder.warn(self.update, f"no evaluation with the gate replaced: {error}")
            return None
        self._gate_budget.took(look, found)
        LOGGER.debug(
            "update %s: %s in place of the gate in %d episodes, %d steps in %.3f s",
            self.update, ", ".join(look.words), len(look.episodes), found.steps, time.monotonic() - started,
        )  # fmt: skip
        return found.returns or None

    def _due(self, every: int) -> bool:
        return every > 0 and self.update % every == 0
