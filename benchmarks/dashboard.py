"""What the dashboard costs, and how fast it is, in a real pseudo-terminal of 120x40.

    .venv/bin/python benchmarks/dashboard.py all [--json]
    .venv/bin/python benchmarks/dashboard.py throughput cpu keys launch million soak

Every figure comes from the commands that a user gives. Machines are shared and noisy: medians and spreads are printed.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
from figures import Figure, key_figure, spread, start_figure, table_line
from recorded import Writer
from terminal import Terminal

from gwt_ib.runs.control import send_request
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import last_record, read_records
from gwt_ib.runs.record import ENDED
from gwt_ib_tui.application.pace import CALM_AFTER_S

COMMAND = [sys.executable, "-m", "gwt_ib_tui"]
RECORDED = Path(__file__).with_name("recorded.py")
STEADY = re.compile(r"update ([5-9]|\d[\d,]+)/")
READING = re.compile(r"reading \d+%")
CHOSEN = re.compile(r"›\S+ [A-Z]{4} +(\S+ \S+)")  # the rule of GateCheck that is marked
MEBI = 1 << 20


def throughput(given: argparse.Namespace) -> Iterator[Figure]:
    """One run, looked at by a dashboard that is stopped for every second stretch: a stopped process takes nothing."""
    with (
        training(given.folder / "throughput", 100_000_000) as run,
        Terminal([*COMMAND, "attach", str(run.path)]) as terminal,
    ):
        terminal.wait_for(re.compile(r"update [\d,]+/"))
        time.sleep(CALM_AFTER_S + 2.0)  # nobody presses a key
        attached, alone = [], []
        for pair in range(given.pairs):
            for kind in ("attached", "alone") if pair % 2 else ("alone", "attached"):
                if kind == "alone":
                    terminal.process.suspend()
                    alone.append(speed(run, given.updates))
                    terminal.process.resume()
                else:
                    attached.append(speed(run, given.updates))
    ratios = [with_it / without for with_it, without in zip(attached, alone, strict=True)]
    numbers = {"ratios": ratios, "attached": attached, "alone": alone, "updates": given.updates}
    measured = (
        f"{statistics.median(ratios):.3f}  ({spread(ratios, '.3f')}; {statistics.median(alone):,.0f} steps/s alone)"
    )
    yield Figure(
        "throughput with the dashboard, of that without",
        measured,
        ">= 0.98",
        statistics.median(ratios) >= 0.98,
        numbers,
    )


def cpu(given: argparse.Namespace) -> Iterator[Figure]:
    """Processor time of the dashboard while four rows a second arrive."""
    yield from _cpu(given, "CPU, six charts, four updates a second", ["--fps", "2"], 0.05)
    yield from _cpu(given, "the same where nobody presses a key", [], 0.02)


def _cpu(given: argparse.Namespace, name: str, options: list[str], goal: float) -> Iterator[Figure]:
    path = made_up(given.folder / f"cpu{len(options)}", 2000)
    command = [*COMMAND, "attach", str(path), *options]
    with growing(path, 4.0, given.seconds + CALM_AFTER_S + 30), Terminal(command) as terminal:
        terminal.wait_for(re.compile(r"update [\d,]+/"))
        time.sleep(5.0 if options else CALM_AFTER_S + 5.0)
        before, began = cpu_seconds(terminal.process), time.monotonic()
        mark = terminal.mark()
        time.sleep(given.seconds)
        used, passed = cpu_seconds(terminal.process) - before, time.monotonic() - began
        painted = terminal.mark() - mark
    share = used / passed
    measured = f"{share:.1%} of a core  ({painted / passed / 1000:.1f} kB/s painted)"
    numbers = {"share": share, "seconds": passed, "bytes_per_s": painted / passed}
    yield Figure(name, measured, f"<= {100 * goal:.0f} %", share <= goal, numbers)


def keys(given: argparse.Namespace) -> Iterator[Figure]:
    """Key to painted while a training uses all cores."""
    with (
        training(given.folder / "keys", 10_000_000) as run,
        Terminal([*COMMAND, "attach", str(run.path)]) as terminal,
    ):
        terminal.wait_for(re.compile(r"▍GateCheck"))
        time.sleep(2.0)
        psutil.cpu_percent()
        took = presses(terminal, given.presses, pause=0.03)
        busy = psutil.cpu_percent()
    yield key_figure(f"key to painted, cores {busy:.0f} % busy", took, 0.1)


def launch(given: argparse.Namespace) -> Iterator[Figure]:
    """From the start of the command to the first numbers on the screen."""
    times = []
    for number in range(given.starts):
        path = given.folder / f"launch{number}"
        with Terminal([*COMMAND, "launch", "--run-dir", str(path), "--total-timesteps", "8192000"]) as terminal:
            times.append(terminal.wait_for(re.compile(r"/8,192,000 steps")) - terminal.started)
        stop(RunDirectory(path))
    yield start_figure("first paint of launch", times, 1.0)


def million(given: argparse.Namespace) -> Iterator[Figure]:
    """First paint, time to read and memory on a run of a million lines, and memory while more come."""
    path = made_up(given.folder / "million", given.lines)
    size = (path / "metrics.jsonl").stat().st_size
    attach, newest = [*COMMAND, "attach", str(path)], re.compile(rf"update {given.lines:,}/")
    with growing(path, 0.0, 600.0):
        times = []
        for _ in range(given.starts):
            with Terminal(attach) as terminal:
                times.append(terminal.wait_for(newest) - terminal.started)
        yield start_figure(f"first paint of attach, {given.lines:,} lines ({size / 1e9:.1f} GB)", times, 1.5)
        with Terminal(attach) as terminal:
            terminal.wait_for(newest)
            took = until_read(terminal) - terminal.started
            yield Figure("  until every line is read", f"{took:.1f} s", "", None, {"seconds": took})
            time.sleep(2.0)
            before = terminal.process.memory_full_info()
            writer = Writer(path)
            for _ in range(given.more // 50):
                writer.append(50)
                time.sleep(0.25)
            terminal.wait_for(re.compile(rf"update {writer.update:,}/"))
            time.sleep(2.0)
            after = terminal.process.memory_full_info()
    measured = f"{before.rss / MEBI:.0f} MiB  (its own {before.uss / MEBI:.0f} MiB)"
    numbers = {"rss": before.rss, "uss": before.uss, "rss_after": after.rss, "uss_after": after.uss, "rows": given.more}
    yield Figure("memory when every line is read", measured, "<= 150 MB", before.rss <= 150e6, numbers)
    more = (after.uss - before.uss) / MEBI
    yield Figure(f"  and {given.more:,} rows later", f"{more:+.1f} MiB", "constant", abs(more) <= 2.0, numbers)


def soak(given: argparse.Namespace) -> Iterator[Figure]:
    """Ten thousand lines a second for ten seconds, keys pressed meanwhile."""
    path = made_up(given.folder / "soak", 100)
    last = 100 + given.lines_per_s * 10
    follower = python(RECORDED, path, "--follow", last, stdout=subprocess.PIPE, text=True)
    with Terminal([*COMMAND, "attach", str(path)]) as terminal:
        terminal.wait_for(re.compile(r"▍GateCheck"))
        time.sleep(1.0)
        memory = [terminal.process.memory_full_info().uss]
        with growing(path, given.lines_per_s, 10.0) as writer:
            took: list[tuple[str, float]] = []
            while writer.poll() is None:
                took += presses(terminal, 4, pause=0.1)
                memory.append(terminal.process.memory_full_info().uss)
            ended = time.monotonic()
            behind = terminal.wait_for(re.compile(rf"update {last:,}/")) - ended
        memory.append(terminal.process.memory_full_info().uss)
    taken = int(follower.communicate(timeout=30)[0])
    lost = last - taken
    measured = f"{lost} of {last:,} lines lost, the last shown {max(behind, 0.0):.1f} s after it was written"
    yield Figure("soak: 10,000 lines/s for 10 s", measured, "0 lost", lost == 0, {"lost": lost, "behind_s": behind})
    yield key_figure("  key to painted meanwhile", took, 0.2, worst=True)
    late = (max(memory[len(memory) // 2 :]) - memory[len(memory) // 2]) / MEBI
    measured = f"{(max(memory) - memory[0]) / MEBI:+.1f} MiB at most, {late:+.1f} in the second half"
    yield Figure("  memory", measured, "bounded", late <= 8.0, {"uss": memory})


def presses(terminal: Terminal, count: int, pause: float) -> list[tuple[str, float]]:
    """Press keys in turn, each when the one before has been painted; how long each took, in seconds."""
    took = []
    for number in range(count):
        mark = terminal.mark()
        name, pressed, expected = PRESSES[number % len(PRESSES)]
        began = terminal.press(pressed)
        took.append((name, terminal.wait_for(expected, mark, 10.0) - began))
        time.sleep(pause * (1 + number % 7))
    return took


PRESSES = (
    ("j", b"j", CHOSEN),
    ("2", b"2", re.compile(r"▍lambda_c")),
    ("1", b"1", re.compile(r"▍GateCheck")),
    ("k", b"k", CHOSEN),
)
"""Keys, and what their painting brings that no other does: a mark at another rule, the Gate screen, the overview."""


def speed(run: RunDirectory, updates: int) -> float:
    """Environment steps a second over some updates; the one under way now is left out."""
    first = last_record(run.metrics)["update"] + 1
    while (end := last_record(run.metrics))["update"] < first + updates:
        time.sleep(0.1)
    begin = next(row for row in read_records(run.metrics) if row["update"] == first)
    return float(end["env_steps"] - begin["env_steps"]) / float(end["elapsed_s"] - begin["elapsed_s"])


def until_read(terminal: Terminal) -> float:
    """When the line of the status that tells how much is read went away."""
    last = time.monotonic()
    while True:
        mark = terminal.mark()
        time.sleep(1.5)
        if not READING.search(terminal.text(mark)):
            return last
        last = time.monotonic()


def cpu_seconds(process: psutil.Process) -> float:
    """Processor time used so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def made_up(path: Path, rows: int) -> Path:
    """A run directory of so many rows."""
    writer = Writer(path)
    while writer.update < rows:
        writer.append(min(rows - writer.update, 20_000))
    writer.report()
    return path


def python(*words: object, **options: Any) -> subprocess.Popen[Any]:
    """Start Python on a script."""
    return subprocess.Popen([sys.executable, *map(str, words)], stdin=subprocess.DEVNULL, **options)


@contextmanager
def growing(path: Path, rate: float, seconds: float) -> Iterator[subprocess.Popen[Any]]:
    """A process that appends rows and beats."""
    process = python(RECORDED, path, "--rate", rate, "--seconds", seconds)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def training(path: Path, steps: int) -> Iterator[RunDirectory]:
    """A real training that nobody looks at: launched in a terminal, which is then closed."""
    run = RunDirectory(path)
    settings = ["--total-timesteps", str(steps), "--set", "eval_every=0"]
    with Terminal([*COMMAND, "launch", "--run-dir", str(path), *settings]) as terminal:
        terminal.wait_for(STEADY, seconds=120.0)
    try:
        yield run
    finally:
        stop(run)


def stop(run: RunDirectory) -> None:
    """End a run."""
    send_request(run.control, "stop")
    deadline = time.monotonic() + 60.0
    while run.state() not in ENDED and time.monotonic() < deadline:
        time.sleep(0.1)


MEASURES: dict[str, Callable[[argparse.Namespace], Iterator[Figure]]] = {
    "throughput": throughput,
    "cpu": cpu,
    "keys": keys,
    "launch": launch,
    "million": million,
    "soak": soak,
}


def main() -> None:
    """Measure, and print a line per figure as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=["all", *MEASURES])
    parser.add_argument("--json", action="store_true", help="one object with every number instead of the table")
    parser.add_argument("--pairs", type=int, default=12, help="throughput: stretches with and without")
    parser.add_argument("--updates", type=int, default=40, help="throughput: updates of a stretch")
    parser.add_argument("--seconds", type=float, default=60.0, help="cpu: length")
    parser.add_argument("--presses", type=int, default=200, help="keys: how many")
    parser.add_argument("--starts", type=int, default=3, help="launch, million: how many")
    parser.add_argument("--lines", type=int, default=1_000_000, help="million: lines of the file")
    parser.add_argument("--more", type=int, default=2400, help="million: rows that come afterwards")
    parser.add_argument("--lines-per-s", type=int, default=10_000, help="soak: lines a second")
    given = parser.parse_args()
    machine = f"{platform.machine()}, {psutil.cpu_count()} cores, load {psutil.getloadavg()[0]:.1f}"
    found: dict[str, list[dict[str, Any]]] = {}
    if not given.json:
        sys.stdout.write(f"{machine}\n")
    with tempfile.TemporaryDirectory() as folder:
        given.folder = Path(folder)
        for name in MEASURES if "all" in given.what else given.what:
            for figure in MEASURES[name](given):
                found.setdefault(name, []).append(asdict(figure))
                if not given.json:
                    sys.stdout.write(table_line(figure))
                    sys.stdout.flush()
    if given.json:
        sys.stdout.write(json.dumps({"machine": machine, "figures": found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
