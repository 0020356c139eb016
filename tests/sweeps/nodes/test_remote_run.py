"""What a node does for one run, without Ray: trained in a folder of its own, which goes with whoever asked for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import processes_of, small_config, updates, wait_until

from gwt_ib.envs.make import check_environment
from gwt_ib.runs.control import send_request
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.sweeps.nodes.keeper import PREFIX, hold, remove_forgotten

HELD = """
import signal, sys
from gwt_ib.sweeps.nodes.remote_run import RemoteRun
from gwt_ib.sweeps.nodes.mirror import changes
from pathlib import Path
remote = RemoteRun("run")
remote.take(changes(Path(sys.argv[1]), {}))
remote.begin(resume=False)
sys.stdout.write(f"{remote._run.path}\\n")
sys.stdout.flush()
signal.pause()
"""


def test_folders_without_a_keeper_go_and_others_stay(tmp_path: Path) -> None:
    for name in ("old", "held", "young"):
        (tmp_path / f"{PREFIX}{name}" / "run").mkdir(parents=True)
    (tmp_path / "another").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "another")
    descriptor = hold(tmp_path / f"{PREFIX}held")
    assert descriptor is not None
    for path in tmp_path.iterdir():
        if not path.name.endswith("young"):
            os.utime(path, (1e9, 1e9))
    remove_forgotten(tmp_path)
    os.close(descriptor)
    left = {path.name.removeprefix(PREFIX) for path in tmp_path.iterdir()}
    assert left == {"held", "young", "link", "another"}


@pytest.mark.processes
@pytest.mark.side_by_side
def test_a_killed_worker_process_takes_its_trainer_and_its_folder_with_it(tmp_path: Path) -> None:
    config = small_config(total_timesteps=2_000_000_000, eval_every=0)
    run = create_run(config, tmp_path / "run", ["test"], check_environment(config))
    worker = subprocess.Popen(
        [sys.executable, "-c", HELD, str(run.path)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    try:
        assert worker.stdout
        there = RunDirectory(Path(worker.stdout.readline().strip()))
        wait_until(lambda: updates(there), 60, "it does not train")
        send_request(there.control, "pause")
    finally:
        worker.kill()
        worker.communicate()
    wait_until(lambda: not there.path.parent.exists() and not processes_of(tmp_path), 20, "something is left")
