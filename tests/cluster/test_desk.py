"""The desk of a run on a machine: what an actor prints is read on from where it was, and fills no disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from gwt_ib import log as logs
from gwt_ib.cluster.desk import LOG, Desk, Left, actor_folder

pytestmark = pytest.mark.processes  # a desk has a guard


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What actor 0 prints into."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(logs, "MOST_LOG_BYTES", 10_000)
    monkeypatch.setattr(logs, "KEPT_LOG_BYTES", 1_000)
    folder = actor_folder("mark", "actor-0-1")
    folder.mkdir(parents=True)
    return folder / LOG


def test_a_log_that_has_become_too_long_is_cut_on_its_machine_and_read_on(log: Path) -> None:
    desk = Desk("mark")
    log.write_bytes(b"a line\n" * 1_000)
    known = 7_000
    with log.open("ab") as file:  # appends, as an actor does, wherever the file ends by then
        file.write(b"the next\n" * 1_000)
        file.flush()
        left = Left(**desk.read({"actor-0-1": known})["actor-0-1"])
        assert log.stat().st_size < 2_000, "it fills the disk of its machine"
        assert left.log_at == 0 and b"were too many and are left out" in left.log and left.log.endswith(b"the next\n")
        file.write(b"the last\n")
    known = left.log_at + len(left.log)
    assert Left(**desk.read({"actor-0-1": known})["actor-0-1"]).log == b"the last\n"
    desk.close()
