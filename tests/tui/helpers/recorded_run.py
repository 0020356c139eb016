"""A made-up run, whole or growing, written by the product's own writers: what the dashboard's tests look at."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.config_sources import change_live
from gwt_ib.durable import write_json
from gwt_ib.errors import UserError
from gwt_ib.gatecheck.findings import GateVerdict, Verdict
from gwt_ib.gatecheck.gate_evaluation import GateEvaluation
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run, with_since
from gwt_ib.gatecheck.statistics import gate_curve
from gwt_ib.log import record_lines
from gwt_ib.runs.control import Request, take_requests
from gwt_ib.runs.create import create_run
from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.events import event
from gwt_ib.runs.jsonl import RecordWriter, read_records
from gwt_ib.runs.record import ActorRecord
from gwt_ib.runs.snapshot import Snapshot, save_snapshot

STEPS_PER_S = 9_000.0
WEIGHTS = {"weights": np.zeros(3, np.float32)}


class RecordedRun:
    """Writes a run directory piece by piece. It plays the trainer: it beats, pauses and answers requests."""

    def __init__(self, path: Path, **settings: Any) -> None:
        self.config = Config(**{"total_timesteps": 500_000, **settings})
        self.directory = create_run(self.config, path, ["gwt-ib-tui", "launch"])
        self.metrics = RecordWriter(self.directory.metrics)
        self.events = RecordWriter(self.directory.events)
        self.update = 0
        self.state = "running"
        self.fields: dict[str, Any] = {}
        self.worth: dict[str, float] = {}
        """What the learned gate is worth against each replacement that is played; empty where none is."""
        self.gate: GateVerdict | None = None
        """The verdict on the gate that is reported in place of that of the rules."""
        self._history = History()
        self._verdict: Verdict | None = None
        self._random = np.random.default_rng(7)
        self._best: float | None = None
        self._started = utc_now()
        self._record = replace(
            self.directory.read_run(),
            created=self._started - 60,
            trainer=os.getpid(),
            learner=os.getpid(),
            # Always the same: nobody beats between two calls, and the run shall not look stalled.
            heartbeat=self._started + 60,
        )
        self.beat()
        self.event("started")
        self.log("trainer", f"pid 4098 on here begins {path}")
        self.log("trainer", f"{self.config.env_id}, seed {self.config.seed}: {self.config.num_updates:,} updates")
        self.log("learner", "pid 4099, torch 2.13.0 on cpu, one thread; 8,478 weights, 4 values an observation")
        for actor in range(self.config.num_actors):
            self.log(f"actor-{actor}", f"pid {4100 + actor} steps 8 environments, one torch thread")
            self.log(f"actor-{actor}", "begins with block 0; the newest policy is version 0")

    def __del__(self) -> None:
        """A session of tests makes hundreds of runs; each holds two files open."""
        for name in ("metrics", "events"):
            if name in vars(self):
                getattr(self, name).close()

    @property
    def env_steps(self) -> int:
        return self.update * self.config.steps_per_update

    def beat(self, **fields: Any) -> None:
        """Rewrite run.json; `fields`, keys of the file, stay for the next times."""
        self.fields |= fields
        record = replace(self._record, state=self.state, actors=self._actors())
        write_json(self.directory.run, record.as_dict() | self.fields, durable=False)

    def _actors(self) -> tuple[ActorRecord, ...]:
        count = self.config.num_actors
        return tuple(
            ActorRecord(
                number=number,
                pid=4100 + number,
                alive=self.state in ("running", "paused"),
                env_steps=self.env_steps // count,
                steps_per_s=STEPS_PER_S / count * (1 + 0.02 * number),
                policy_version=self.update,
                policy_lag=0,
                restarts=0,
            )
            for number in range(count)
        )

    def event(self, kind: str, **fields: Any) -> None:
        """Append an event of ours, at the present update unless `fields` say another. Raises where it is none."""
        where = {"update": self.update, "env_steps": self.env_steps}
        self.events.append({"time": utc_now(), **event(kind, **where | fields)})

    def log(self, process: str, message: str, level: int = logging.INFO, after_s: float | None = None) -> None:
        """Append to a process' log; `after_s` seconds after the run was started, else now."""
        moment = utc_now() if after_s is None else self._started + after_s
        self.prints(process, record_lines(moment, level, process, message).encode())

    def prints(self, process: str, data: bytes) -> None:
        """Append to a process' log what is no record."""
        with (self.directory.logs / f"{process}.log").open("ab") as file:
            file.write(data)

    def learn(self, updates: int = 1) -> None:
        """Make updates: a row and a verdict each, with evaluations where they belong."""
        for _ in range(updates):
            self.update += 1
            row = self._row()
            self.metrics.append(row)
            self._history.add(row)
            previous = {} if self._verdict is None else self._verdict.as_dict()
            self._verdict = with_since(judge_run(self._history, self.config), previous)
            if row["eval_return"] is not None:
                self.event("evaluation", eval_return=row["eval_return"])
                self.log("learner", f"evaluation of update {self.update}: mean return {row['eval_return']:.4f}")
        self.report()
        self.beat()

    def report(self, status: Any = None) -> None:
        """Write gatecheck.json: the rules' verdict on the rows, or another one."""
        assert self._verdict is not None
        verdict = self._verdict if status is None else replace(self._verdict, status=status)
        verdict = verdict if self.gate is None else replace(verdict, gate=self.gate)
        write_json(self.directory.gatecheck, verdict.as_dict(), durable=False)

    def resume(self, update: int) -> None:
        """Go on from an earlier update: what came after it is cut off."""
        cut_back(self.directory.metrics, update, self.directory.metrics_aside)
        self.metrics.close()
        self.metrics = RecordWriter(self.directory.metrics)
        self._history = History.from_rows(read_records(self.directory.metrics))
        self.update = update
        self.event("resumed")

    def save_snapshot(self, **fields: Any) -> str:
        """Save a snapshot, of weights that nobody uses."""
        state = {"update": self.update, "env_steps": self.env_steps}
        path = save_snapshot(self.directory.snapshots, Snapshot(WEIGHTS, WEIGHTS, {}, state), self.env_steps)
        self.event("snapshot", path=str(path), **fields)
        self.log("learner", f"snapshot of update {self.update} in 0.04 s: {path}")
        return str(path)

    def answer_requests(self) -> None:
        """Do what was asked, as the trainer does."""
        for request in take_requests(self.directory.control)[0]:
            answer: dict[str, Any] = {
                "request": request.id,
                "request_kind": request.kind,
                "result": "done",
                "message": "",
            }
            if request.kind == "snapshot":
                answer["path"] = self.save_snapshot(request=request.id)
            elif request.kind == "stop":
                self.event("acknowledged", **answer | {"result": "accepted"})
                self.finish("stopped")
            elif request.kind == "evaluate":
                returns = [-0.75, -0.25]
                self.event("evaluation", eval_return=-0.5, eval_returns=returns, request=request.id)
            elif request.kind == "evaluate_gate":
                answer["message"] = self.evaluate_gate(request=request.id).words
            elif request.kind == "set":
                answer |= self._set(request)
            else:
                self.state = "paused" if request.kind == "pause" else "running"
                self.event(self.state if self.state == "paused" else "unpaused")
            self.event("acknowledged", **answer)
        self.beat()

    def evaluate_gate(self, windows: int = 8, **fields: Any) -> GateEvaluation:
        """Write what replacing the gate has found: by `worth` for whole episodes, less and less with each window's."""
        learned = np.linspace(-0.9, -0.5, 20)
        signs = np.resize([-0.02, 0.02], 20)
        lost = [0.3 / 2**window for window in range(windows)]
        record = {
            "returns": {"learned": learned.tolist()}
            | {word: (learned - worth + signs).tolist() for word, worth in self.worth.items()},
            "mean_c": 0.35,
            "steps": {
                "edges": [6 * window for window in range(windows)] + [52],
                "mean_c": [0.9 - 0.1 * window for window in range(windows)],
                "td": [0.5 / (1 + window) for window in range(windows)],
                "shut": [(learned - one + signs).tolist() for one in lost],
                "open": [(learned + one / 10 + signs).tolist() for one in lost],
            },
        }
        made = GateEvaluation.of(record, self.update, self.env_steps)
        write_json(self.directory.gate_evaluation, made.as_dict(), durable=False)
        self.event("gate_evaluation", message=made.words, path=str(self.directory.gate_evaluation), **fields)
        return made

    def _set(self, request: Request) -> dict[str, Any]:
        """Change a setting; what the acknowledgement says of it."""
        assert request.field is not None
        try:
            config = change_live(self.config, request.field, request.value)
        except UserError as error:
            return {"result": "refused", "message": error.message}
        old, new = getattr(self.config, request.field), getattr(config, request.field)
        self.config = config
        self.directory.write_config(config)
        self.event("setting", field=request.field, old=old, value=new, request=request.id)
        return {"message": f"{request.field} was {old} and is {new} from update {self.update + 1} on"}

    def finish(self, state: str = "finished", message: str = "") -> None:
        """End the run."""
        self.state = state
        code = 70 if state == "failed" else 0
        self.event(state, message=message, exit_code=code)
        self.beat(exit_code=code, message=message, actors=[])

    @contextlib.contextmanager
    def living(self, updates_per_s: float = 20.0) -> Iterator[None]:
        """Go on by itself, in a thread, and answer requests."""
        over = threading.Event()

        def live() -> None:
            while not over.wait(1 / updates_per_s):
                self.answer_requests()
                if self.state == "running":
                    self.learn()

        thread = threading.Thread(target=live)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _replaced(self, eval_return: float) -> dict[str, list[float]] | None:
        """Returns of the same episodes with the gate replaced; of every other one a little better than of the rest."""
        signs = np.resize([-0.02, 0.02], self.config.eval_episodes)
        return {word: (eval_return - worth + signs).tolist() for word, worth in self.worth.items()} or None

    def _td_std(self) -> float:
        return 0.0149 + 0.06 * math.exp(-self.update / 9)

    def _mean_c(self) -> float:
        return 0.345 + 0.1 * math.exp(-self.update / 12)

    def _row(self) -> dict[str, Any]:
        random, update, config = self._random, self.update, self.config
        noise = random.normal(size=8)
        steps = update * config.steps_per_update
        ep100 = None if update < 3 else -0.93 + 0.12 * (1 - math.exp(-update / 50)) + 0.008 * noise[0]
        self._best = ep100 if self._best is None or (ep100 is not None and ep100 > self._best) else self._best
        evaluated = update % config.eval_every == 0 if config.eval_every else False
        eval_return = -0.94 + 0.13 * (1 - math.exp(-update / 60)) + 0.01 * noise[1] if evaluated else None
        td = np.abs(random.standard_t(3, size=2048)) * 0.6
        prior = 1 / (1 + np.exp(-(config.td_scale * td + config.base_logit - 1.51)))
        c = np.clip(prior * (0.85 + 0.1 * random.normal(size=2048)), 0, 1)
        return {
            "update": update,
            "env_steps": steps,
            "elapsed_s": steps / STEPS_PER_S,
            "steps_per_s": STEPS_PER_S * (1 + 0.03 * noise[2]),
            "rollout_s": 0.31,
            "learn_s": 0.14,
            "policy_version": update,
            "policy_lag_max": 0,
            "lr": config.lr,
            "td_mean": 0.002 * noise[3],
            "td_std": self._td_std() * (1 + 0.03 * noise[3]),
            "mean_c": self._mean_c() + 0.008 * noise[4],
            "target_c": config.target_c,
            "lambda_c": min(update / config.budget_warmup_updates, 1) * config.lambda_c,
            "bias": -1.5 - 0.012 * (1 - math.exp(-update / 15)) + 0.0006 * noise[5],
            "explained_variance": 0.72 * (1 - 1.3 * math.exp(-update / 9)) + 0.015 * noise[6],
            "policy_loss": -0.004,
            "value_loss": 0.02,
            "entropy": 1.05 - 0.001 * update,
            "ib_loss": 0.003,
            "approx_kl": 0.006,
            "clip_fraction": 0.05,
            "grad_norm": 0.3,
            "ep100": ep100,
            "ep_len100": None if ep100 is None else 52.0,
            "episodes": steps // 52,
            "ep_return": ep100,
            "mmer": self._best if update > 5 else None,
            "eval_return": eval_return,
            "eval_returns": None if eval_return is None else [eval_return] * config.eval_episodes,
            "eval_replaced": None if eval_return is None else self._replaced(eval_return),
            "rho_td_c": 0.83,
            "rho_tail": 0.21,
            "rho_td_dc": -0.11,
            "rho_tail_dc": -0.02,
            "gate_curve": gate_curve(td, c, prior),
        }


def long_metrics(path: Path, rows: int) -> None:
    """Write a metrics file of many small rows, quickly."""
    with path.open("w", encoding="utf-8") as file:
        for update in range(1, rows + 1):
            row = {
                "update": update,
                "env_steps": update * 4096,
                "elapsed_s": update * 0.45,
                "td_std": 0.01 + update % 7 / 100,
            }
            file.write(json.dumps(row) + "\n")
