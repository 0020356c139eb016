"""How late metrics of runs on a cluster arrive, and what mirroring them costs: `python benchmarks/mirror_latency.py [RUNS]`.

Ray is started on this machine, so that the files of a node can be watched beside those that arrive.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil

from gwt_ib.config import Config
from gwt_ib.envs.make import check_environment
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.sweeps.nodes.keeper import PREFIX
from gwt_ib.sweeps.nodes.on_ray import RayExecutor

SECONDS = 30.0


def size(path: Path) -> int:
    """The bytes of a file, 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def watch(runs: list[RunDirectory]) -> list[float]:
    """For each growth of a node's metrics, the seconds until all of it was here."""
    there = {
        run.name: next(Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{run.name}")) / "metrics.jsonl" for run in runs
    }
    waiting: dict[str, list[tuple[int, float]]] = {run.name: [] for run in runs}
    delays, until = [], time.monotonic() + SECONDS
    while time.monotonic() < until:
        now = time.monotonic()
        for run in runs:
            grown, queue = size(there[run.name]), waiting[run.name]
            if grown > (queue[-1][0] if queue else size(run.metrics)):
                queue.append((grown, now))
            while queue and size(run.metrics) >= queue[0][0]:
                delays.append(now - queue.pop(0)[1])
        time.sleep(0.01)
    return delays


def main(count: int) -> None:
    config = Config(total_timesteps=2_000_000_000, num_actors=1, num_envs=4, ray_cpus=0.01, snapshot_every=20)
    spec = check_environment(config)
    with tempfile.TemporaryDirectory() as folder:
        runs = [create_run(config, Path(folder) / f"run-{i}", ["benchmark"], spec) for i in range(count)]
        executor = RayExecutor()
        try:
            executor.check([config] * count)
            for run in runs:
                executor.start(run, resume=False)
            while min(size(run.metrics) for run in runs) == 0:
                executor.tend(0.5)
            head = psutil.Process()
            workers = [each for each in head.children(recursive=True) if each.name().startswith("ray::RemoteRun")]
            before = [sum(each.cpu_times()[:2]) for each in (head, *workers)]
            delays = watch(runs)
            used = [sum(each.cpu_times()[:2]) - start for each, start in zip((head, *workers), before, strict=True)]
        finally:
            executor.close()
    delays.sort()
    sys.stdout.write(
        f"{count} run(s): {len(delays)} growths, median {statistics.median(delays):.2f} s, "
        f"95 % {delays[int(0.95 * len(delays))]:.2f} s, worst {delays[-1]:.2f} s; head {used[0] / SECONDS:.1%} of a core "
        f"(with the watching), a node's process {statistics.fmean(used[1:]) / SECONDS:.2%}\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
