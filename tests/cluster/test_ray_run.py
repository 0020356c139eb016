"""Runs whose actors are on a Ray cluster: bit by bit the local ones, whatever dies, and nothing is left of them."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from chaos import STEPS, Chaos, chaos
from cluster_here import WITH_RAY, ClusterHere
from faulty_env import put_fault
from outcome import outcome
from support import wait_until

from gwt_ib.runs.record import RunRecord

pytestmark = [pytest.mark.processes, WITH_RAY]
FOREVER: dict[str, Any] = {"channel": "ray", "ray_wait_s": 1, "hang_timeout_s": 8}


@pytest.fixture(scope="module")
def cluster() -> Iterator[ClusterHere]:
    started = ClusterHere(2)
    yield started
    started.end()
    wait_until(lambda: not started.left(), 30, "a process of the cluster is left")


@pytest.fixture
def joined(cluster: ClusterHere, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the cluster, for runs that have its token."""
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"):
        monkeypatch.setenv(name, cluster.environment[name])
    return cluster.address


def record(run: Chaos) -> RunRecord:
    """What the run says of itself."""
    return run.run.read_run()


def collects(cluster: ClusterHere) -> list[psutil.Process]:
    """The worker processes of actors of a cluster, by their names: this machine may have others."""
    found = []
    for each in cluster.left():
        with suppress(psutil.Error):
            if "ray::RemoteActor" in " ".join(each.cmdline()):
                found.append(each)
    return found


def placed(run: Chaos) -> int:
    """How many actors are on machines that are known; a new machine is known within a second."""
    known = record(run).cluster
    return sum(node.actors for node in known.nodes if node.alive) if known else 0


def assert_the_same_as_locally(run: Chaos, folder: Path, **settings: Any) -> None:
    """The run that has ended, against one on this machine of as many updates that nobody disturbs."""
    ended = outcome(run.run)
    with chaos(folder, "local") as local:
        local.launch(**settings, channel="local", total_timesteps=ended.update * STEPS)
        assert local.ends() == 0, local.said()
    undisturbed = outcome(local.run)
    for each in (ended, undisturbed):  # the settings, and a verdict that depends on the run's length
        del each.state["config"], each.state["gatecheck"]
    assert ended == undisturbed, ended.first_difference(undisturbed)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for all temporary files of a run; its path is short, as sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def test_a_run_that_starts_ray_itself_is_the_local_run_and_is_reached_by_nobody_else(
    tmp_path: Path, temporary: Path
) -> None:
    with chaos(tmp_path) as run:
        run.launch(**FOREVER)
        run.wait_for_update(20)
        sockets = [
            each for process in run.processes() for each in process.net_connections("tcp") if each.status == "LISTEN"
        ]
        addresses = {each.laddr.ip.removeprefix("::ffff:") for each in sockets}
        assert addresses == {"127.0.0.1"}, addresses
        run.wait(lambda: record(run).cluster, "the cluster is not known")
        log = run.run.logs / "actor-1.log"
        run.wait(lambda: log.exists() and "is ready, one thread" in log.read_text(), "an actor's log does not arrive")
        run.wait(lambda: placed(run) == 2, "the actors are not shown on their machine")
        known, actors = record(run).cluster, record(run).actors
        assert known is not None and known.weights_bytes == 0
        assert [each.pid for each in actors] == [None, None] and all(each.node and each.alive for each in actors)
        assert run.stop() == 143
    wait_until(lambda: not list(temporary.iterdir()), 10, "a folder is left")
    assert_the_same_as_locally(run, tmp_path)


def test_a_run_that_finishes_is_the_local_one_to_its_evaluations(tmp_path: Path) -> None:
    evaluated = {"eval_every": 5, "eval_episodes": 2}
    with chaos(tmp_path) as run:
        run.launch(**FOREVER, **evaluated, total_timesteps=20 * STEPS)
        assert run.ends() == 0, run.said()
    assert_the_same_as_locally(run, tmp_path, **evaluated)


def test_workers_and_machines_that_die_or_come_later_change_nothing(
    tmp_path: Path, cluster: ClusterHere, joined: str
) -> None:
    with chaos(tmp_path) as run:
        run.launch(**FOREVER, ray_address=joined)
        run.wait_for_update(20)
        collects(cluster)[0].kill()
        run.wait(lambda: run.events("actor_replaced"), "the killed worker is not replaced")
        run.more_updates()
        cluster.kill(0)
        run.wait(lambda: record(run).state == "paused", "it does not pause without a place")
        assert "1 of 2 actors have had no place in the cluster" in record(run).trouble
        cluster.add()
        run.wait(lambda: record(run).state == "running", "it does not go on with the machine that came")
        assert record(run).trouble == ""
        run.more_updates()
        run.wait(lambda: placed(run) == 2, "the actors are not shown on their machines")
        hung = collects(cluster)[0]
        hung.suspend()
        run.wait(lambda: len(run.events("actor_died")) >= 3, "the hung worker is not seen")
        run.more_updates()
        assert run.stop() == 143
    messages = [each["message"] for each in run.events("actor_died")]
    assert messages[0].startswith("died with its worker process"), messages
    assert "is gone with its machine" in messages and any("it had hung for" in each for each in messages), messages
    assert_the_same_as_locally(run, tmp_path)


def test_a_machine_with_other_versions_is_refused_by_name(tmp_path: Path, cluster: ClusterHere, joined: str) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "from importlib import metadata\n"
        "known = metadata.version\n"
        "metadata.version = lambda name: '0.0.1' if name == 'numba' else known(name)\n"
    )
    cluster.add("odd", str(site))
    with chaos(tmp_path) as run:
        run.launch(**FOREVER, ray_address=joined, num_actors=1, ray_resources="odd=1")
        assert run.ends() == 78, run.said()
    assert "has numba 0.0.1 instead of" in run.output and "need the same versions" in run.output


def test_what_environments_say_and_do_on_another_machine_arrives_in_the_run_directory(
    tmp_path: Path, temporary: Path
) -> None:
    with chaos(tmp_path) as run:
        run.launch(**FOREVER, env_id="faulty_env:Faulty-v0")
        run.wait_for_update(3)
        put_fault(run.faults, 1, "raise")
        failed = run.wait(lambda: run.events("environment_failed"), "the failure is not reported")[0]
        assert Path(failed["path"]).parent == run.run.incidents and Path(failed["path"]).is_file()
        put_fault(run.faults, 2, "exit")
        run.wait(lambda: run.events("actor_replaced"), "the actor that ended is not replaced")
        run.more_updates()
        run.kill(run.trainer)  # with -9: the guard ends what is left
        assert run.ends() == -signal.SIGKILL
    wait_until(lambda: not list(temporary.iterdir()), 10, "a folder is left")
