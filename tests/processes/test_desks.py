"""The desks of a run: where the cluster is this machine alone, its desk is a thread of the bridge."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import wait_until

from gwt_ib.cluster.desk import LOG, actor_folder
from gwt_ib.processes.bridge.calls import Calls
from gwt_ib.processes.bridge.desks import Desks, Tenant
from gwt_ib.runs.directory import RunDirectory

pytestmark = pytest.mark.processes  # a desk has a guard


def test_on_this_machine_alone_what_actors_print_arrives_without_ray(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    run = RunDirectory(tmp_path / "run")
    run.logs.mkdir(parents=True)
    desks, tenant = Desks(run, "mark", Calls(), all_here=True), Tenant(0, "actor-0-1", "this node")
    desks.enter(tenant)
    folder = actor_folder("mark", tenant.name)
    folder.mkdir(parents=True)
    (folder / LOG).write_bytes(b"is ready\n")
    arrived = run.logs / "actor-0.log"

    def arrives() -> bool:
        desks.tend()
        return arrived.exists() and arrived.read_text() == "is ready\n"

    wait_until(arrives, 60, "the log does not arrive")
    ending = desks.leave(tenant)
    assert ending is not None
    assert ending.result(60)["log"] == b"", "what has been read is not read again"
    assert not folder.exists(), "the folder of an actor that has ended goes"
    desks.close()
