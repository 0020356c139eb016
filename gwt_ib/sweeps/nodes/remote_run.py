"""What Ray runs on a node for one run of a sweep: it takes the run's files, keeps it trained, and tells what is new in it.

Nothing in it knows of Ray, nor does the trainer: a run directory in a temporary folder of its own, and a process that
keeps it (`keeper`). Each call comes back at once.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gwt_ib.cluster.nodes import this_machine
from gwt_ib.durable import write_atomically
from gwt_ib.processes.children import PYTHON
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.sweeps.nodes.keeper import BEGIN, MODULE, PREFIX, RESUME, STOP, remove, remove_forgotten
from gwt_ib.sweeps.nodes.mirror import Answer, Known, changes, inventory
from gwt_ib.sweeps.nodes.mirror_copy import Copy

REQUEST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}\.json")


class RemoteRun:
    """A run on this machine. The head calls `take` until it has all files, then `begin`, then `look` until it has ended."""

    def __init__(self, name: str) -> None:
        remove_forgotten(Path(tempfile.gettempdir()))
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._run = RunDirectory(self._folder / name)
        for folder in (self._run.path, self._run.snapshots, self._run.control, self._run.logs, self._run.incidents):
            folder.mkdir(mode=0o700)
        self._copy = Copy(self._run, arrived=False)
        self._life, self._answer = self._start_keeper()
        self._told = b""
        self._ended: dict[str, Any] | None = None

    def machine(self) -> dict[str, str]:
        """Its name and versions."""
        return this_machine()

    def take(self, answer: Mapping[str, Any]) -> Known:
        """Write what the head has; returns what of it is here."""
        self._copy.apply(answer)
        return self._copy.known

    def begin(self, *, resume: bool) -> Known:
        """Start the trainer; returns what the head knows of the run by then."""
        known = inventory(self._run.path)
        self._tell(RESUME if resume else BEGIN)
        return known

    def look(self, known: Mapping[str, Any], requests: Sequence[tuple[str, bytes]] = ()) -> Answer:
        """What is new for somebody who has `known`; `ended` with code and message once the run has ended."""
        for name, data in requests:
            if REQUEST.fullmatch(name):
                with suppress(OSError):
                    write_atomically(self._run.control / name, data, durable=False)
        self._listen()  # before the files are looked at: all that it has written is there
        return {**changes(self._run.path, known), "ended": self._ended}

    def stop(self) -> None:
        """Ask the run to end with a last snapshot."""
        self._tell(STOP)

    def close(self) -> None:
        """End what is left and delete everything."""
        os.close(self._life)  # the keeper does it

    def _start_keeper(self) -> tuple[int, int]:
        """Where the keeper is told what to do, and where it says what came of it."""
        ours, theirs = os.pipe(), os.pipe()
        try:
            subprocess.run(
                [*PYTHON, "-m", MODULE, "--run", str(self._run.path), "--folder", str(self._folder)],
                stdin=ours[0],
                stdout=theirs[1],
                start_new_session=True,
                check=True,
            )
        finally:
            os.close(ours[0])
            os.close(theirs[1])
        os.set_blocking(theirs[0], False)
        return ours[1], theirs[0]

    def _tell(self, letter: int) -> None:
        with suppress(BrokenPipeError):  # `look` finds that it is gone
            os.write(self._life, bytes([letter]))

    def _listen(self) -> None:
        """Take in what the keeper says; one that has been killed says nothing."""
        if self._ended is not None:
            return
        with suppress(BlockingIOError):
            while data := os.read(self._answer, 65536):
                self._told += data
            if not self._told.endswith(b"\n"):
                remove(self._folder)  # its trainer ends with it
                self._told = b'{"code": 69, "message": "What kept the run on its node was killed.", "lost": true}\n'
        if self._told.endswith(b"\n"):
            self._ended = json.loads(self._told)
