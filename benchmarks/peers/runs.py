"""One run of a peer, or of ours, as a process of its own: the same work in, one result out."""

from __future__ import annotations

import importlib.metadata
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from environments import HERE, python_of
from work import Work, steady

Result = dict[str, Any]
"""`steps_per_s`, `updates`, `warm_up`, `measured_s`, `env_steps`, `return`, `episodes`, `threads`, `versions`, and of the
whole process, start and end included, `wall_s`, `cores` (CPU seconds per second) and `whole_steps_per_s`."""
POLL_S = 0.02
"""Between two looks at whether a run has ended."""


@dataclass(frozen=True)
class Peer:
    """Another project: its adapter, the environment that it runs in, and which of its ways is meant."""

    name: str
    title: str
    script: str
    environment: str
    variant: str = ""


PEERS = {
    peer.name: peer
    for peer in (
        Peer("single_file", "single-file PPO, GRU, tuned", "single_file_gru.py", "single_file"),
        Peer("cleanrl", "single-file PPO, GRU, CleanRL's manner", "cleanrl_gru.py", "single_file"),
        Peer("sb3", "sb3-contrib RecurrentPPO, LSTM", "sb3_contrib_ppo.py", "sb3_contrib"),
        Peer("sb3_shared", "the same, one LSTM for both heads", "sb3_contrib_ppo.py", "sb3_contrib", "shared"),
        Peer("pufferlib", "PufferLib, LSTM", "pufferlib_lstm.py", "pufferlib"),
        Peer("sample_factory", "Sample Factory, GRU", "sample_factory_gru.py", "sample_factory"),
    )
}


def run_peer(peer: Peer, work: Work, limit_s: float) -> Result:
    """The result that its adapter prints as its last line."""
    python = python_of(peer.environment)
    words = [python, HERE / peer.script, *replace(work, variant=peer.variant).words()]
    lines, _, spent = _timed([str(word) for word in words], limit_s, work.threads)
    return _whole(json.loads(lines[-1][1]) | spent)


def run_ours(work: Work, settings: list[str], limit_s: float) -> Result:
    """The command that a user gives, without evaluations and snapshots, which no peer makes; all processes included.

    An update is done when its line arrives here, up to a tenth of a second late; the run's own clock is not asked.
    """
    given = [f"{name}={value}" for name, value in our_settings(work).items()] + settings
    with tempfile.TemporaryDirectory() as folder:
        launch = [sys.executable, "-m", "gwt_ib_tui", "launch", work.env_id, "--headless", "--json"]
        launch += ["--seed", str(work.seed), "--total-timesteps", str(work.steps), "--run-dir", f"{folder}/run"]
        for setting in given:
            launch += ["--set", setting]
        lines, errors, spent = _timed(launch, limit_s, None)
    rows = [json.loads(line) for _, line in lines]
    marks = [(arrived, row["env_steps"]) for (arrived, _), row in zip(lines, rows, strict=True)]
    names = ("torch", "numpy", "gymnasium", "popgym", "gwt-ib")
    result = {
        **steady([(0.0, 0), *marks]),  # the first mark is in the warm-up
        "env_steps": rows[-1]["env_steps"],
        "return": rows[-1]["ep100"],
        "episodes": rows[-1]["episodes"],
        "threads": next((line.partition(": ")[2] for line in errors.splitlines() if line.startswith("run ")), ""),
        "versions": {name: importlib.metadata.version(name) for name in names},
    }
    return _whole(result | spent)


def our_settings(work: Work) -> dict[str, Any]:
    """What ours is to be told, so that a change of its defaults changes no comparison."""
    return {
        "num_envs": work.envs,
        "rollout_steps": work.rollout,
        "seq_len": work.bptt,
        "epochs": work.epochs,
        "minibatches": work.minibatches,
        "hidden_size": work.hidden,
        "lr": work.lr,
        "gamma": work.gamma,
        "gae_lambda": work.gae_lambda,
        "clip_eps": work.clip,
        "vf_coef": work.vf_coef,
        "ent_coef": work.ent_coef,
        "max_grad_norm": work.max_grad_norm,
        "eval_every": 0,
        "snapshot_every": 0,
    }


def _whole(result: Result) -> Result:
    return result | {"whole_steps_per_s": result["env_steps"] / result["wall_s"]}


def _timed(
    words: list[str], limit_s: float, threads: int | None
) -> tuple[list[tuple[float, str]], str, dict[str, float]]:
    """A command's lines with the moments of their arrival, what it wrote to stderr, and what it took.

    Raises `RuntimeError` when it failed or took too long. Nothing of it is left.
    """
    environment = dict(os.environ)
    if threads is not None:
        environment |= {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    before, began = _children_cpu(), time.monotonic()
    lines: list[tuple[float, str]] = []
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
            start_new_session=True,
        )
        reader = threading.Thread(target=_note_lines, args=(process, lines))
        reader.start()
        try:
            if not _ends_within(limit_s, process.pid):
                raise RuntimeError(f"{Path(words[1]).name} was not done after {limit_s:.0f} s")
        finally:
            _end(process)
            reader.join()
        wall = time.monotonic() - began
        errors.seek(0)
        said = errors.read()
    if process.returncode != 0 or not lines:
        raise RuntimeError(f"{' '.join(words[:3])} ended with {process.returncode}:\n{said[-2000:]}")
    return lines, said, {"wall_s": wall, "cores": (_children_cpu() - before) / wall}


def _note_lines(process: subprocess.Popen[str], lines: list[tuple[float, str]]) -> None:
    for line in process.stdout or ():
        if line.strip():
            lines.append((time.monotonic(), line))


def _ends_within(limit_s: float, pid: int) -> bool:
    """Whether a child ends in that time. It is not reaped: until `_end`, its number stands for its group and no other."""
    until = time.monotonic() + limit_s
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() > until:
            return False
        time.sleep(POLL_S)
    return True


def _end(process: subprocess.Popen[str]) -> None:
    """End what is left of the command's group, whether it went well or not, and reap the command itself."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
