"""A real run of seconds in this process, and what GateCheck judges of its metrics, small enough to be kept."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gwt_ib.config import Config
from gwt_ib.runs.jsonl import Record, read_records

QUICK: dict[str, Any] = {
    "num_envs": 8, "num_actors": 1, "rollout_steps": 64, "seq_len": 32, "minibatches": 4, "epochs": 4, "hidden_size": 32,
    "lr": 2e-3, "total_timesteps": 8 * 64 * 60, "eval_every": 2, "eval_episodes": 20, "budget_warmup_updates": 10,
    "snapshot_every": 0, "snapshot_minutes": 0.0, "channel": "serial", "learner_threads": 1, "log_level": "error",
    "eval_gate_share": 0.0,
}  # fmt: skip
"""What the runs of the benchmark have in common: 60 updates of 512 steps, an evaluation every second one."""

TRUTH_EPISODES = 100
TRUTH_SEED = 1_000_003
KEPT = (
    "update", "env_steps", "policy_lag_max", "td_std", "mean_c", "bias", "entropy", "explained_variance", "rho_tail",
    "approx_kl", "ep100", "ep_return", "eval_return", "eval_returns", "eval_replaced",
)  # fmt: skip
DECIDING = ("update", "env_steps", "td_std", "mean_c")
CURVE = ("c", "c_std", "prior", "count")
DIGITS = 4


@dataclass(frozen=True)
class Plan:
    """One run of a set: why it is what its set says (`cause`), its settings beside `QUICK`, and a bug to inject."""

    name: str
    group: str
    cause: str
    settings: dict[str, Any] = field(default_factory=dict)
    bug: str = ""

    @property
    def config(self) -> Config:
        """The whole configuration."""
        return Config(**{**QUICK, **self.settings})


def record(plan: Plan) -> Record:
    """Train, and keep what is needed to judge: the run's rows, and what its return really is before and after."""
    from gwt_ib.channel.serial import SerialChannel
    from gwt_ib.envs.make import check_environment
    from gwt_ib.learn.learner import Learner
    from gwt_ib.model.agent import Agent
    from gwt_ib.rollout.policy import make_policy
    from gwt_ib.runs.create import create_run
    from gwt_ib.training.evaluator import LocalEvaluator
    from gwt_ib.training.loop import Training

    config = plan.config
    with tempfile.TemporaryDirectory(prefix="gatecheck-") as folder:
        run = create_run(config, Path(folder) / "run", ["benchmarks/gatecheck"])
        spec = check_environment(config)
        run.write_environment(spec)
        learner = Learner(Agent(spec.observation_size, spec.actions, config), config)
        evaluator = LocalEvaluator(config)
        training = Training(run, config, learner, lambda event: None, evaluator)
        before = _truth(training)
        channel = SerialChannel(
            config, make_policy(spec.observation_size, spec.actions, config), training.open_episodes, 0
        )
        training.run(channel, lambda ours: False)
        channel.close()
        evaluator.close()
        training.recorder.close()
        after = _truth(training)
        gates = _truth_of_gates(training) if config.eval_gate_share else {}
        rows = [_compact(row) for row in read_records(run.metrics)]
    difference = after - before
    truth = {
        "episodes": int(difference.size),
        "before": _short(float(before.mean())),
        "after": _short(float(after.mean())),
        "rise": _short(float(difference.mean())),
        "error": _short(float(difference.std(ddof=1) / np.sqrt(difference.size))),
    }
    return {**vars(plan), "truth": truth, "gates": gates, "rows": rows}


def _truth(training: Any) -> Any:
    """The returns of the present weights on seeds that the run's own evaluations never see."""
    from gwt_ib.training.evaluator import LocalEvaluator

    evaluator = LocalEvaluator(_other_seeds(training.config))
    returns = np.array(evaluator.evaluate(training.learner.weights()).returns, np.float64)
    evaluator.close()
    return returns


def _truth_of_gates(training: Any) -> Record:
    """What the learned gate is really worth against each replacement, on such seeds: `[difference, its error]`."""
    from gwt_ib.replacements import sensible
    from gwt_ib.training.evaluator import LocalEvaluator
    from gwt_ib.training.gate_budget import Look

    evaluator, weights = LocalEvaluator(_other_seeds(training.config)), training.learner.weights()
    played = evaluator.evaluate(weights)
    look = Look(sensible(training.config.gate), tuple(range(TRUTH_EPISODES)), 10**9, played.longest)
    replaced = evaluator.replaced(weights, look).returns
    evaluator.close()
    found: Record = {}
    for word, returns in replaced.items():
        worth = np.array(played.returns, np.float64) - np.array(returns, np.float64)
        error = float(worth.std(ddof=1) / np.sqrt(worth.size))
        found[word] = [_short(float(worth.mean())), _short(error)]
    return found


def _other_seeds(config: Config) -> Config:
    return config.model_copy(update={"seed": config.seed + TRUTH_SEED, "eval_episodes": TRUTH_EPISODES})


def _compact(row: Record) -> Record:
    """The metrics that are kept of a row; the gate's curve only where there was an evaluation."""
    kept: Record = {name: _short(row[name]) for name in KEPT if row.get(name) is not None}
    curve = row.get("gate_curve")
    if curve and row.get("eval_returns") is not None:
        kept["gate_curve"] = [_short(curve[name], 3) for name in CURVE]
    return kept


def _short(value: Any, digits: int = DIGITS) -> Any:
    """Numbers to so many significant digits."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    if isinstance(value, list):
        return [_short(item, digits) for item in value]
    if isinstance(value, dict):
        return {name: _short(item, digits) for name, item in value.items()}
    return value


def full_row(kept: Record) -> Record:
    """A row as GateCheck reads it."""
    from gwt_ib.gatecheck.statistics import curve_edges

    curve = kept.get("gate_curve")
    if curve is None:
        return kept
    return {**kept, "gate_curve": {"td": curve_edges(), **dict(zip(CURVE, curve, strict=True))}}


def write(path: Path, recordings: Iterable[Record]) -> None:
    """Write recordings, a line each, compressed; the same recordings give the same bytes.

    Most of it would be curves and what only warns: kept are curves in every tenth row and the last, of sets that are not
    about the gate in the last alone, and of rows without an evaluation what the two verdicts go by.
    """
    lines = "".join(json.dumps(_thinned(each), separators=(",", ":")) + "\n" for each in recordings)
    path.write_bytes(gzip.compress(lines.encode(), 9, mtime=0))


def _thinned(recording: Record) -> Record:
    rows, of_gate = [], recording["group"].startswith("gate")
    for row in recording["rows"][:-1]:
        without = set() if of_gate and row["update"] % 10 == 0 else {"gate_curve"}
        if "eval_returns" not in row:
            without |= set(row) - set(DECIDING)
        rows.append({name: value for name, value in row.items() if name not in without})
    return {**recording, "rows": [*rows, recording["rows"][-1]]}


def read(path: Path) -> Iterator[Record]:
    """The recordings of a file that `write` made."""
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        yield json.loads(line)
