"""A real run in which things are made to go wrong: find its processes by role, and check what must hold at its end.

The four invariants, for every run that has come to an end or was killed: (I1) none of its processes is left, (I2) no new
name in /dev/shm, (I3) the newest snapshot verifies, (I4) the metrics parse, their updates rise by one from 1 on.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
from faults_support import HELPERS
from support import CHANNEL, PATIENCE_S, assignments, events, shared_names, updates, wait_until

from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.snapshot import problem_of
from gwt_ib.runs.snapshot_store import list_snapshots, newest_good_snapshot

MARK = "GWT_IB_TEST_RUN"
TIMES = frozenset({"elapsed_s", "steps_per_s", "rollout_s", "learn_s"})
"""What of a metrics row says how fast the machine was."""
TOY: dict[str, Any] = {
    "env_id": "popgym-RepeatPreviousEasy-v0",
    "num_envs": 4,
    "num_actors": 2,
    "rollout_steps": 16,
    "seq_len": 16,
    "minibatches": 1,
    "epochs": 1,
    "hidden_size": 8,
    "learner_threads": 1,
    "total_timesteps": 2_000_000_000,
    "eval_every": 0,
    "snapshot_every": 10,
    "channel": CHANNEL,
}
STEPS = TOY["num_envs"] * TOY["rollout_steps"]
"""Environment steps of one update of a toy run."""
BEGUN_S = 2 * PATIENCE_S  # Ray may have to be started first
"""How long anything may take that takes a second or two on a machine of one's own."""


class Chaos:
    """One run, the program that trains it, and everything that can be done to it."""

    def __init__(self, folder: Path, name: str = "run") -> None:
        self.folder = folder
        self.run = RunDirectory(folder / name)
        self.process: subprocess.Popen[str] | None = None
        self.faults = folder / "faults"
        self.faults.mkdir(exist_ok=True)
        self._mark = secrets.token_hex(8)
        self._shared = shared_names()
        self._output = folder / f"{name}.output"

    # Starting

    def launch(self, *options: str, prefix: Sequence[str] = (), hook: str = "", **settings: Any) -> Chaos:
        """Start a headless run and return at once; `prefix` is a command that starts ours, `hook` see `hooks.py`."""
        words = ["launch", "--headless", "--run-dir", str(self.run.path), *options]
        return self._start([*prefix], [*words, *assignments(**{**TOY, **settings})], hook)

    def resume(self, *options: str, prefix: Sequence[str] = (), hook: str = "") -> Chaos:
        """Go on with the run, headless."""
        return self._start([*prefix], ["resume", str(self.run.path), "--headless", *options], hook)

    def _start(self, prefix: list[str], words: list[str], hook: str) -> Chaos:
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-m", "gwt_ib_tui", *words],
                cwd=self.folder, env=self.environment(hook), stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            )  # fmt: skip
        return self

    def environment(self, hook: str = "") -> dict[str, str]:
        """The variables of everything that is started for this run."""
        paths = [
            str(HELPERS),
            *filter(None, [str(HELPERS / "hooked") if hook else "", os.environ.get("PYTHONPATH", "")]),
        ]
        ours = {"CI": "", MARK: self._mark, "FAULTY_ENV": str(self.faults), "GWT_IB_TEST_HOOK": hook}
        return {**os.environ, **ours, "PYTHONPATH": os.pathsep.join(paths)}

    def command(self, *words: str, timeout: float = BEGUN_S) -> subprocess.CompletedProcess[str]:
        """Another command of ours, such as `pause`."""
        return subprocess.run(
            [sys.executable, "-m", "gwt_ib_tui", *words],
            cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip

    # Looking

    @property
    def output(self) -> str:
        """What the program has printed."""
        return self._output.read_text(errors="replace") if self._output.exists() else ""

    @property
    def update(self) -> int:
        """The newest recorded update; 0 before the first."""
        return max(updates(self.run), default=0)

    @property
    def trainer(self) -> int:
        """The process id of the trainer, which is the program itself in a headless run."""
        return self._pid(lambda: self.run.read_run().trainer)

    @property
    def learner(self) -> int:
        """The process id of the learner."""
        return self._pid(lambda: self.run.read_run().learner)

    def actor(self, number: int) -> int:
        """The process id of an actor."""

        def find() -> int | None:
            actors = self.run.read_run().actors
            return actors[number].pid if len(actors) > number and actors[number].alive else None

        return self._pid(find)

    def _pid(self, find: Callable[[], int | None]) -> int:
        found: int = wait_until(lambda: _living(find()), BEGUN_S, f"no such process in run.json\n{self.output}")
        return found

    def processes(self, word: str = "") -> list[psutil.Process]:
        """Every process that was started for the run, if it is no zombie; with a word in its command, if one is given."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):  # it has just ended
                ours = process.environ().get(MARK) == self._mark and process.status() != psutil.STATUS_ZOMBIE
                if ours and (not word or word in " ".join(process.cmdline())):
                    found.append(process)
        return found

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind."""
        return events(self.run, kind)

    def alive(self) -> bool:
        """Whether the program still runs."""
        assert self.process is not None
        return self.process.poll() is None

    def newest_update(self) -> int:
        """The update of the newest good snapshot."""
        update: int = newest_good_snapshot(self.run.snapshots)[1].state["update"]
        return update

    def in_a_save(self) -> bool:
        """Whether a snapshot is being written at this moment."""
        return any(".tmp-" in path.name for path in self.run.snapshots.iterdir())

    # Waiting: for conditions, never for a time

    def wait(self, condition: Callable[[], Any], what: str, limit_s: float = BEGUN_S) -> Any:
        """Wait until a condition holds; that the run ends meanwhile is a failure."""

        def holds() -> Any:
            result = condition()
            assert result or self.alive(), f"the run ended while waiting: {what}\n{self.said()}"
            return result

        try:
            return wait_until(holds, limit_s, what)
        except pytest.fail.Exception:
            pytest.fail(f"never: {what}\n{self.said()}")

    def wait_for_update(self, least: int, limit_s: float = BEGUN_S) -> int:
        """Wait until an update is recorded; returns the newest."""
        self.wait(lambda: self.update >= least, f"update {least}", limit_s)
        return self.update

    def more_updates(self, count: int = 5, limit_s: float = BEGUN_S) -> int:
        """Wait for so many updates more than there are."""
        return self.wait_for_update(self.update + count, limit_s)

    def said(self) -> str:
        """What program and trainer have said last, for the words of a failure."""
        log = self.run.logs / "trainer.log"
        lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
        return "\n".join([self.output[-1500:], *lines])

    # Doing harm

    def kill(self, pid: int, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to a process of this run; returns its id."""
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        return pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill_everything(self) -> None:
        """Kill every process of the run, as a machine that is switched off does."""
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()
        assert self.process is not None
        self.process.wait(BEGUN_S)

    # Ending

    def stop(self) -> int:
        """Ask the run to end and wait for it; the exit code."""
        self.signal(signal.SIGTERM)
        return self.ends()

    def ends(self, limit_s: float = BEGUN_S) -> int:
        """Wait for the end; the exit code."""
        assert self.process is not None
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the run does not end\n{self.said()}") from None

    def assert_invariants(self, gone_in_s: float = 5.0) -> None:
        """What must hold after the end of every run, however it came."""
        try:
            wait_until(lambda: not self.processes(), gone_in_s, "")
        except pytest.fail.Exception:
            pytest.fail(f"I1: still there: {self._named()}")
        # Somebody else's programs may have names there for a moment.
        wait_until(lambda: shared_names() <= self._shared, gone_in_s, "I2: a name is left in /dev/shm")
        snapshots = list_snapshots(self.run.snapshots)
        assert not snapshots or problem_of(snapshots[-1]) == "", f"I3: {snapshots[-1]}: {problem_of(snapshots[-1])}"
        self.assert_whole_metrics()
        assert "Traceback" not in self.output, self.output[-3000:]

    def assert_whole_metrics(self) -> None:
        """Every line of the metrics is a row, the updates rise by one from 1 on, and the steps with them."""
        lines = self.run.metrics.read_bytes().split(b"\n") if self.run.metrics.exists() else [b""]
        rows = [json.loads(line) for line in lines[:-1]]
        assert [row["update"] for row in rows] == list(range(1, len(rows) + 1)), "I4: a hole, or an update twice"
        assert all(one["env_steps"] < other["env_steps"] for one, other in pairwise(rows)), "I4"

    def _named(self) -> list[str]:
        named = []
        for process in self.processes():
            with suppress(psutil.Error):
                named.append(f"{process.pid} {' '.join(process.cmdline())[:120]}")
        return named

    def clean_up(self) -> None:
        """Whatever happened, nothing of it stays."""
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextmanager
def chaos(folder: Path, name: str = "run") -> Iterator[Chaos]:
    """A run to be disturbed; at the end of the block it has ended and the invariants hold."""
    made = Chaos(folder, name)
    try:
        yield made
        if made.process is not None and made.alive():
            made.stop()
        made.assert_invariants()
    finally:
        made.clean_up()


def _living(pid: int | None) -> int | None:
    if pid is None:
        return None
    with suppress(psutil.Error):
        return pid if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE else None
    return None
