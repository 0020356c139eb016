"""Disks that are full, small, read-only or limited, and machines short of descriptors, processes or shared memory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from chaos import STEPS, TOY, Chaos
from faults_support import measured
from namespaces import fill, mounted
from support import assignments, hidden, updates

from gwt_ib.runs.directory import RunDirectory

pytestmark = pytest.mark.processes


@pytest.fixture
def small_disk(toy: Chaos):
    """A disk of a few megabytes for the run; the run is looked at through the namespace in which it lies."""
    place = toy.folder / "disk"
    place.mkdir()
    with mounted(f"mount -t tmpfs -o size=6m none {place}") as space:
        inside = RunDirectory(space.at(place) / "run")
        toy.run = RunDirectory(place / "run")
        yield space, inside, place
        toy.clean_up()


def test_a_full_disk_costs_time_and_nothing_else(toy, small_disk):
    space, inside, place = small_disk
    toy.launch(prefix=space.prefix, snapshot_every=5)
    toy.run = inside
    toy.wait_for_update(20)
    filler = fill(space.at(place))
    snapshots = sorted(path.name for path in inside.snapshots.iterdir() if path.name.isdigit())
    learner = psutil.Process(toy.learner)
    used = sum(learner.cpu_times()[:2])
    before = toy.update

    def works_on() -> bool:
        """Nothing can be written, so that the learner works is seen by the time that it uses."""
        fill(space.at(place))  # again: a save that was under way gives back what it had taken
        return sum(learner.cpu_times()[:2]) > used + 1.0

    toy.wait(works_on, "the learner works on", 60.0)
    assert toy.alive() and toy.update <= before + 40, "it has made hundreds of updates meanwhile"
    assert any((inside.snapshots / name).is_dir() for name in snapshots), "older snapshots are where they were"
    began = time.monotonic()
    filler.unlink()
    toy.more_updates(20)
    toy.wait(lambda: inside.read_run().trouble == "", "no trouble any more", 60.0)
    newest = toy.newest_update()
    toy.wait(lambda: toy.newest_update() > newest, "snapshots are written again by themselves", 60.0)
    measured("F15: after a full disk has room again a snapshot is written after", f"{time.monotonic() - began:.1f} s")
    assert learner.is_running() and toy.events("learner_died") == []
    toy.assert_whole_metrics()
    assert toy.stop() == 143
    assert toy.newest_update() == toy.update
    assert hidden(inside.snapshots) == []


def test_a_disk_that_is_still_full_at_the_end_is_said_and_the_rescue_directory_has_the_last_snapshot(toy, small_disk):
    space, inside, place = small_disk
    rescue = toy.folder / "rescue"
    toy.launch(prefix=space.prefix, snapshot_every=5, rescue_dir=str(rescue))
    toy.run = inside
    toy.wait_for_update(20)
    filler = fill(space.at(place))
    toy.signal(signal.SIGTERM)
    code = toy.ends()
    assert code in (74, 143)
    assert str(rescue) in toy.output or "No space" in toy.output
    saved = sorted(rescue.glob("*/[0-9]*"))
    assert saved, "the last snapshot is on the other disk"
    filler.unlink()
    words = toy.output
    toy.run = RunDirectory(place / "run")
    toy.resume("--total-timesteps", str(200 * STEPS), prefix=space.prefix)
    toy.run = inside
    assert toy.ends() == 0, words
    assert toy.update == 200


def test_a_limit_on_the_size_of_files_costs_records_and_leaves_no_half_files(toy):
    toy.launch(prefix=("prlimit", "--fsize=120000", "--"), snapshot_every=5)
    toy.wait(lambda: toy.run.read_run().trouble != "" or toy.update > 500, "the trouble is said", 60.0)
    assert toy.run.metrics.stat().st_size <= 120_000
    assert "metrics.jsonl" in toy.run.read_run().trouble
    assert toy.stop() in (74, 143)
    assert hidden(toy.run.snapshots) == []


@pytest.mark.side_by_side
def test_a_full_disk_behind_the_output_does_not_end_the_run(toy):
    toy.launch(prefix=("sh", "-c", 'exec "$@" > /dev/full 2> /dev/full', "sh"))
    toy.wait_for_update(30)
    assert toy.stop() == 143
    assert toy.newest_update() == toy.update


@pytest.mark.side_by_side
def test_output_into_a_closed_pipe_ends_the_run_as_a_signal_would(toy):
    toy.launch(prefix=("sh", "-c", '"$@" 2>&1 | head -n 3 > /dev/null', "sh"))
    toy.ends()
    record = toy.run.read_run()
    assert (record.state, record.exit_code) == ("stopped", 143)
    assert "nobody reads" in record.message
    assert toy.newest_update() == toy.update


def refused(toy: Chaos, code: int, *, prefix: tuple[str, ...] = (), **settings: object) -> str:
    """Launch what is refused; what is said of it."""
    began = time.monotonic()
    toy.launch(prefix=prefix, **settings)
    assert toy.ends() == code, toy.output
    measured("F19: a run directory that cannot be made is refused after", f"{time.monotonic() - began:.1f} s")
    assert "Traceback" not in toy.output
    return toy.output


def test_a_run_directory_that_cannot_be_made_is_refused_before_anything_is_started(toy):
    (toy.folder / "file").write_text("in the way")
    toy.run = RunDirectory(toy.folder / "file" / "run")
    assert "file" in refused(toy, 73)
    assert (toy.folder / "file").read_text() == "in the way"


def test_a_read_only_disk_is_refused_before_anything_is_started(toy):
    place = toy.folder / "disk"
    place.mkdir()
    with mounted(f"mount --bind {place} {place}", f"mount -o remount,bind,ro {place}") as space:
        toy.run = RunDirectory(place / "run")
        said = refused(toy, 73, prefix=tuple(space.prefix))
    assert str(place) in said and "ead-only" in said
    assert list(place.iterdir()) == []


@pytest.mark.side_by_side
def test_a_full_shared_memory_does_not_matter(toy):
    with mounted(
        "mount -t tmpfs -o size=64k none /dev/shm", "head -c 100000 /dev/zero > /dev/shm/full || true"
    ) as space:
        toy.launch(prefix=tuple(space.prefix), total_timesteps=20 * STEPS, hidden_size=64)
        assert toy.ends() == 0
    assert toy.update == 20


@pytest.mark.side_by_side
def test_a_low_limit_on_descriptors_is_raised_as_far_as_it_goes(toy):
    toy.launch(prefix=("prlimit", "--nofile=64:4096", "--"), total_timesteps=10 * STEPS)
    assert toy.ends() == 0
    assert toy.update == 10


@pytest.mark.side_by_side
def test_too_few_descriptors_are_refused_with_the_numbers(toy):
    toy.launch(prefix=("prlimit", "--nofile=40:40", "--"), num_envs=64, num_actors=64)
    assert toy.ends() == 69
    said = toy.output
    assert "may have 40" in said and "open files" in said
    assert "Traceback" not in said


NOBODY = 65534


def test_no_processes_left_is_refused_with_a_sentence_and_nothing_stays(toy, tmp_path_factory):
    if os.geteuid() or shutil.which("setpriv") is None:
        pytest.skip("only root can become somebody with a limit on processes")
    folder = Path("/tmp") / f"gwt-ib-nobody-{os.getpid()}"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    # It may read what root may read, as the interpreter may lie there; what is left of root does not lift the limit.
    may = "-all,+dac_override,+dac_read_search"
    ids = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", f"--inh-caps={may}", f"--ambient-caps={may}"]
    become = ["setpriv", *ids, "--", "prlimit", "--nproc=3:3", "--"]
    try:
        tried = subprocess.run(
            [*become, sys.executable, "-c", "import gwt_ib"], cwd=folder, capture_output=True, check=False
        )
        if tried.returncode:
            pytest.skip("nobody may not read this checkout")
        words = ["launch", "--headless", "--run-dir", str(folder / "run"), *assignments(**TOY)]
        limited = [*become, sys.executable, "-m", "gwt_ib_tui", *words]
        result = subprocess.run(
            limited, cwd=folder, env={**toy.environment(), "HOME": str(folder), "NUMBA_CACHE_DIR": str(folder)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert result.returncode == 69, result.stderr
        assert "Traceback" not in result.stderr
        assert "process" in result.stderr
        assert updates(RunDirectory(folder / "run")) == []
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_learner_that_dies_on_a_full_disk_goes_on_when_there_is_room(toy, small_disk):
    space, inside, place = small_disk
    toy.launch(prefix=space.prefix, snapshot_every=5)
    toy.run = inside
    toy.wait_for_update(20)
    learner = psutil.Process(toy.learner)
    filler = fill(space.at(place))
    learner.kill()
    log = inside.logs / "trainer.log"

    asleep: list[bool] = []

    def waits() -> bool:
        """Another learner has loaded all that it needs and sleeps; that it waits for the disk cannot be written anywhere."""
        fill(space.at(place))
        for process in toy.processes("learner_process"):
            if process.pid != learner.pid:
                loaded = "libtorch" in Path(f"/proc/{process.pid}/maps").read_text()
                asleep.append(loaded and process.status() == psutil.STATUS_SLEEPING)
        return asleep[-20:] == [True] * 20 or not toy.alive()

    toy.wait(waits, "another learner", 60.0)
    assert toy.alive(), log.read_text(errors="replace")[-2000:]
    filler.unlink()
    toy.more_updates(20)
    toy.wait(lambda: inside.read_run().trouble == "", "no trouble any more", 60.0)
    toy.assert_whole_metrics()
    assert toy.stop() == 143
