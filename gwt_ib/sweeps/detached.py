"""A sweep that outlives the command that started it: `python -m gwt_ib.sweeps.detached`, in a session of its own."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.files import open_to_append
from gwt_ib.lenient import text, whole
from gwt_ib.log import LOGGER, log_to_file
from gwt_ib.machine import ONE_THREAD
from gwt_ib.processes.children import ENDING_SIGNALS, PYTHON, recorded_signals
from gwt_ib.processes.log_files import last_words
from gwt_ib.runs.jsonl import parse_record
from gwt_ib.sweeps.directory import SweepDirectory, lock_sweep
from gwt_ib.sweeps.engine import Engine
from gwt_ib.sweeps.places import Place, make_executor, settle


def start_detached(sweep: SweepDirectory, place: Place, *, retry_failed: bool = False) -> int:
    """Start a process that runs a sweep which is ready, and return its pid once it holds the sweep's lock.

    Raises `UserError` with the process's own reason where it could not start.
    """
    read, write = os.pipe()
    try:
        output = open_to_append(sweep.log)
        command = [*PYTHON, "-m", "gwt_ib.sweeps.detached", "--sweep", str(sweep.path.resolve()), "--ready", str(write)]
        command += [*place.arguments(), *(["--retry-failed"] if retry_failed else [])]
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, pass_fds=[write], env={**os.environ, **ONE_THREAD},
            )  # fmt: skip
        finally:
            os.close(output)
    except BaseException:
        os.close(read)
        raise
    finally:
        os.close(write)
    with os.fdopen(read, "rb") as answer:
        told = parse_record(answer.readline()) or {}
    code = whole(told.get("code"))
    if code is None:
        process.wait()
        raise UserError(f"The sweep could not be started: {last_words(sweep.log)} ({sweep.log}).", ExitCode.BUG)
    if code:
        process.wait()
        raise UserError(text(told.get("message")), ExitCode(code))
    return process.pid


def main(arguments: list[str]) -> int:
    """Entry of the process; the first line on the descriptor `--ready` says whether it could start."""
    parser = argparse.ArgumentParser(prog="gwt_ib.sweeps.detached")
    parser.add_argument("--sweep", type=Path, required=True)
    parser.add_argument("--ready", type=int, required=True)
    parser.add_argument("--on", default="local")
    parser.add_argument("--address", default="")
    parser.add_argument("--parallel", type=int)
    parser.add_argument("--retry-failed", action="store_true")
    given = parser.parse_args(arguments)
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)  # until they are recorded: none may end it without a word
    os.set_inheritable(given.ready, False)
    sweep, place = SweepDirectory(given.sweep), Place(given.on, given.address, given.parallel)
    answer: dict[str, Any] = {"code": 0, "message": ""}
    try:
        lock = lock_sweep(sweep)
        parallel = settle(place, sweep.read_definition())
        engine = Engine(sweep, make_executor(place, sweep, parallel), retry_failed=given.retry_failed)
        sweep.write_holder(parallel, place.words)
    except UserError as error:
        answer = {"code": int(error.code), "message": error.message}
    except OSError as error:
        answer = {"code": int(ExitCode.INPUT_OUTPUT), "message": f"{sweep.path}: {error.strerror or error}."}
    with os.fdopen(given.ready, "wb") as ready:
        ready.write(json.dumps(answer).encode() + b"\n")
    if answer["code"]:
        return int(answer["code"])
    with lock, recorded_signals() as signals:
        try:
            return int(engine.run(signals))
        except BaseException:
            with log_to_file(sweep.log, "sweep", "info"):
                LOGGER.critical("the sweep failed", exc_info=True)
            raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
