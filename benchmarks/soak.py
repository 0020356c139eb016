"""One real run under a seeded random schedule of faults, never resumed by hand; it must come through all of them.

    .venv/bin/python benchmarks/soak.py [--seed N] [--minutes 3] [--least 30] [--kinds 7] [--json FILE] [--keep DIR]

Faults overlap: the next one comes after a random time, whether or not the run has got over the last. At the end the run is
asked to stop; it must end with 0, with no process and no shared-memory name left, a newest snapshot that verifies, and
metrics without a hole. It fails, too, where fewer faults or fewer kinds were injected than asked for. Where private mounts
are not allowed, full disks are left out and said to be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in (".", "faults/helpers", "tui/helpers")]

import pytest  # noqa: E402 - the helpers of the tests lie outside the packages
from chaos import Chaos  # noqa: E402
from faulty_env import put_fault  # noqa: E402
from namespaces import Mounted, fill, mounted  # noqa: E402
from pseudo_terminal import Terminal  # noqa: E402

from gwt_ib.runs.control import send_request  # noqa: E402
from gwt_ib.runs.directory import RunDirectory  # noqa: E402

SETTINGS: dict[str, Any] = {
    "env_id": "faulty_env:Faulty-v0",
    "eval_every": 40,
    "eval_episodes": 3,
    "snapshot_every": 20,
    "hang_timeout_s": 2.0,
    "start_timeout_s": 15.0,
    "learner_timeout_s": 8.0,
    "max_restarts": 1000,
}
DISK_BYTES = 12 << 20
RECOVERY_S = 90.0
HOSTILE = (b"[" * 60_000, b'{"id": "\\ud800", "kind": "stop"}', b"\xff\xfe", b'{"id": "x", "kind": "explode"}', b"")


class Soak:
    """The run and what may be done to it; each kind of fault is a method that returns whether it was injected."""

    def __init__(self, run: Chaos, folder: Path, space: Mounted | None, chance: random.Random) -> None:
        self.run, self._folder, self._space, self._chance = run, folder, space, chance
        self._number = 0
        self._learner_killed_at = -1
        self._stopped: list[int] = []

    def kinds(self) -> dict[str, Callable[[], bool]]:
        """Every kind by its name in words."""
        found: dict[str, Callable[[], bool]] = {
            "an actor killed": lambda: self._to_actor(signal.SIGKILL),
            "an actor stopped": lambda: self._to_actor(signal.SIGSTOP),
            "the learner killed": lambda: self._to_learner(signal.SIGKILL),
            "the learner stopped": lambda: self._to_learner(signal.SIGSTOP),
            "the evaluator killed": self._kill_evaluator,
            "an environment raises": lambda: self._environment("raise"),
            "an environment gives not a number": lambda: self._environment("nan"),
            "an environment gives another shape": lambda: self._environment("shape"),
            "an environment hangs": lambda: self._environment("sleep"),
            "an environment ends its process": lambda: self._environment("exit"),
            "50 snapshots asked for": self._burst,
            "files in the inbox that are none": self._hostile,
            "paused for a while": self._pause,
            "a dashboard killed": self._dashboard,
        }
        if self._space is not None:
            found["the disk full for a while"] = self._full_disk
        return found

    def _to_actor(self, number: signal.Signals) -> bool:
        actors = [actor for actor in self.run.run.read_run().actors if actor.alive and actor.pid is not None]
        if not actors:
            return False
        self.run.kill(self._chance.choice(actors).pid or 0, number)
        return True

    def _to_learner(self, number: signal.Signals) -> bool:
        pid, update = self.run.run.read_run().learner, self.run.update
        # Twice at the same update would be, rightly, the end.
        if pid is None or update < self._learner_killed_at + 5 or self.run.run.read_run().state != "running":
            return False
        self._learner_killed_at = update
        self.run.kill(pid, number)
        return True

    def _kill_evaluator(self) -> bool:
        found = [process for process in self.run.processes() if "gwt_ib.processes.evaluator" in process.cmdline()]
        for process in found:
            process.kill()
        return bool(found)

    def _environment(self, kind: str) -> bool:
        self._number += 1
        put_fault(self.run.faults, self._number, kind)
        return True

    def _burst(self) -> bool:
        for _ in range(50):
            send_request(self.run.run.control, "snapshot")
        return True

    def _hostile(self) -> bool:
        inbox = self.run.run.control
        for content in HOSTILE:
            self._number += 1
            (inbox / f"{self._number:06d}.json").write_bytes(content)
        pipe = inbox / f"pipe-{self._number}.json"
        os.mkfifo(pipe)
        return True

    def _pause(self) -> bool:
        send_request(self.run.run.control, "pause")
        time.sleep(self._chance.uniform(0.5, 3.0))
        send_request(self.run.run.control, "unpause")
        return True

    def _dashboard(self) -> bool:
        prefix = [] if self._space is None else self._space.prefix
        os.environ.pop("CI", None)
        terminal = Terminal(
            "/usr/bin/env", *prefix, sys.executable, "-m", "gwt_ib_tui", "attach", str(self._folder / "run")
        )
        try:
            deadline = time.monotonic() + 20.0
            while time.monotonic() < deadline and b"ep100" not in terminal.output and terminal.read(0.1):
                pass
            return b"\x1b[?1049h" in terminal.output
        finally:
            terminal.close()  # kill -9

    def _full_disk(self) -> bool:
        assert self._space is not None
        filler = fill(self._space.at(self._folder))
        time.sleep(self._chance.uniform(1.0, 3.0))
        filler.unlink()
        return True


@contextmanager
def soaking(folder: Path, chance: random.Random) -> Iterator[Soak]:
    """A run on a small disk of its own, where mounts are allowed; past its first updates."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "disk"
    place.mkdir(exist_ok=True)
    run = Chaos(folder)
    try:
        with mounted(f"mount -t tmpfs -o size={DISK_BYTES} none {place}") as space:
            yield from _started(run, place, space, chance)
    except pytest.skip.Exception as skipped:
        sys.stdout.write(f"without full disks: {skipped}\n")
        yield from _started(run, place, None, chance)


def _started(run: Chaos, place: Path, space: Mounted | None, chance: random.Random) -> Iterator[Soak]:
    try:
        run.run = RunDirectory(place / "run")
        run.launch(prefix=[] if space is None else space.prefix, **SETTINGS)
        run.run = RunDirectory((place if space is None else space.at(place)) / "run")
        run.wait_for_update(20)
        yield Soak(run, place, space, chance)
    finally:
        if run.run.path.is_dir():  # a private mount goes with its namespace
            shutil.copytree(run.run.path, run.folder / "kept", ignore=shutil.ignore_patterns("*.lock", "pipe-*"))
        run.clean_up()


def soak(seed: int, minutes: float, folder: Path) -> dict[str, Any]:
    """Inject faults for so long; what was done and found. Raises `AssertionError` where something does not hold."""
    chance = random.Random(seed)
    with soaking(folder, chance) as made:
        injected, kinds, began = Counter[str](), made.kinds(), time.monotonic()
        queue: list[str] = []
        while time.monotonic() - began < 60 * minutes:
            if not queue:  # every kind once, in another order each time: so rare ones come, too
                queue = chance.sample(list(kinds), len(kinds))
                made.run.more_updates(3, RECOVERY_S)
            kind = queue.pop()
            assert made.run.alive(), f"the run ended by itself\n{made.run.said()}"
            if kinds[kind]():
                injected[kind] += 1
                sys.stdout.write(f"{time.monotonic() - began:6.1f} s  update {made.run.update:6,}  {kind}\n")
                sys.stdout.flush()
            time.sleep(chance.expovariate(1.0))
        made.run.more_updates(10, RECOVERY_S)
        send_request(made.run.run.control, "stop")
        code = made.run.ends(RECOVERY_S)
        assert code == 0, f"exit code {code}\n{made.run.said()}"
        made.run.assert_invariants()
        assert made.run.newest_update() == made.run.update, "the last snapshot is not of the last row"
        deaths = {kind: len(made.run.events(kind)) for kind in ("actor_died", "learner_died", "environment_failed")}
        return {
            "seed": seed, "minutes": minutes, "updates": made.run.update, "exit_code": code, "injected": dict(injected),
            "faults": injected.total(), "kinds": len(injected), **deaths,
        }  # fmt: skip


def main() -> int:
    """Soak, and say by kind what was injected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--least", type=int, default=30, help="faults that must have been injected")
    parser.add_argument("--kinds", type=int, default=7, help="kinds of them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was done and found")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="work in this directory and leave a copy of the run there"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gwt-ib-soak-") as temporary:
        try:
            report = soak(given.seed, given.minutes, given.keep or Path(temporary))
        except (AssertionError, pytest.fail.Exception) as failure:
            sys.stdout.write(f"FAILED with seed {given.seed}: {failure}\n")
            return 1
    for kind, count in sorted(report["injected"].items(), key=lambda pair: -pair[1]):
        sys.stdout.write(f"{count:4}  {kind}\n")
    sys.stdout.write(
        f"seed {given.seed}: {report['faults']} faults of {report['kinds']} kinds in {given.minutes:g} minutes, "
        f"{report['updates']:,} updates; the four invariants hold, exit code {report['exit_code']}\n"
    )
    if given.json:
        given.json.write_text(json.dumps(report, indent=2) + "\n")
    if report["faults"] < given.least or report["kinds"] < given.kinds:
        sys.stdout.write(f"FAILED: fewer than {given.least} faults of {given.kinds} kinds\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
