"""A trainer that outlives the command that started it: `python -m gwt_ib.processes.detached`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.polling import readable
from gwt_ib.processes.beginning import prepare
from gwt_ib.processes.children import ENDING_SIGNALS
from gwt_ib.processes.trainer import Trainer
from gwt_ib.runs.directory import RunDirectory


def main(arguments: list[str]) -> int:
    """Entry of the detached process; the first line on the descriptor `--ready` says whether it could start."""
    parser = argparse.ArgumentParser(prog="gwt_ib.processes.detached")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--ready", type=int, required=True)
    parser.add_argument("--caller", type=int, help="a pipe: once its other end is closed, the run ends")
    given = parser.parse_args(arguments)
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)  # until they are recorded: none may end it without a word
    run = RunDirectory(given.run)
    answer: dict[str, Any] = {"code": 0, "message": ""}
    try:
        config, lock = prepare(run, resume=given.resume)
    except UserError as error:
        answer = {"code": int(error.code), "message": error.message}
    with os.fdopen(given.ready, "wb") as ready:
        ready.write(json.dumps(answer).encode() + b"\n")
    if answer["code"]:
        return int(answer["code"])
    with lock:
        trainer = Trainer(run, config, resume=given.resume)
        return int(trainer.run(_nothing if given.caller is None else _while_there(given.caller, trainer)))


def _while_there(caller: int, trainer: Trainer) -> Callable[[], None]:
    """Ends the run, with a last snapshot, when nobody has the other end of a pipe open any more."""
    gone = False

    def look() -> None:
        nonlocal gone
        if not gone and caller in readable((caller,), 0.0):
            gone = True
            trainer.stop(ExitCode.ENDED_BY_HUP, "Ended as the program that started it is gone.")

    return look


def _nothing() -> None:
    """Nobody has to be there."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
