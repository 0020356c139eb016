"""The trainer of one run of a sweep, which ends with it: `python -m gwt_ib.sweeps.member_process`."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.beginning import prepare
from gwt_ib.processes.children import ENDING_SIGNALS, PR_SET_PDEATHSIG
from gwt_ib.processes.trainer import Trainer
from gwt_ib.runs.directory import RunDirectory


def main(arguments: list[str]) -> int:
    """Train, and say on the descriptor `--report` what came of it: a code and a sentence, as JSON."""
    parser = argparse.ArgumentParser(prog="gwt_ib.sweeps.member_process")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--report", type=int, required=True)
    given = parser.parse_args(arguments)
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)  # until they are recorded: none may end it without a word
    end_with_parent(given.parent)
    os.set_inheritable(given.report, False)  # its end is that of this process
    code, message = _train(RunDirectory(given.run), resume=given.resume)
    with suppress(OSError), os.fdopen(given.report, "wb") as report:  # the sweep may be gone
        report.write(json.dumps({"code": int(code), "message": message}).encode() + b"\n")
    return int(code)


def end_with_parent(parent_pid: int) -> None:
    """Let the kernel send this process TERM when the one that started it is gone. Raises `SystemExit` when it is already.

    The signal comes with the end of the thread that started it, so a sweep starts its runs in its main thread.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent_pid:
        raise SystemExit(ExitCode.ENDED_BY_TERM)


def _train(run: RunDirectory, *, resume: bool) -> tuple[ExitCode, str]:
    try:
        config, lock = prepare(run, resume=resume)
    except UserError as error:
        return error.code, error.message
    with lock:
        trainer = Trainer(run, config, resume=resume)
        code = trainer.run()
    return code, trainer.message


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
