"""Entry of the process that exports a run from its start: `python -m gwt_ib.processes.exporter`.

It outlives the trainer for as long as it takes to write the last rows, and no longer.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

from gwt_ib.config import Config
from gwt_ib.errors import UserError
from gwt_ib.exports.export import Export
from gwt_ib.exports.formats import FORMATS, make_writer
from gwt_ib.exports.source import sources_of
from gwt_ib.exports.writer import Options
from gwt_ib.log import LOGGER, start_log
from gwt_ib.processes.children import recorded_signals
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.record import ENDED

POLL_S = 0.5
LAST_ROWS_S = 0.5  # for what the learner of a killed trainer still writes until the guard ends it
NICENESS = 10  # learning comes first


class Trained:
    """Whether the run is over for this exporter: it has ended, or its trainer is gone, whoever may train it later."""

    def __init__(self, run: RunDirectory, trainer: int) -> None:
        self._run, self._trainer = run, trainer

    def over(self) -> bool:
        """Asked before rows are read: what was written until then is there."""
        if os.getppid() != self._trainer:
            time.sleep(LAST_ROWS_S)
            return True
        return self._run.read_run().state in ENDED


def export_run(run: RunDirectory, config: Config, trained: Trained, signals: list[int]) -> None:
    """Write the metrics of a run until it is over. Everything is written anew, whatever an earlier exporter has left.

    Raises `UserError`, `OSError`.
    """
    run.exports.mkdir(mode=0o700, exist_ok=True)
    lock = FileLock(run.exports / f".{config.export}.lock", mode=0o600)
    while True:  # the exporter of a trainer that was killed may still write its last rows
        try:
            lock.acquire(timeout=POLL_S)
            break
        except Timeout:
            if signals:
                return
    with lock:
        out = run.exports / FORMATS[config.export].place
        writer = make_writer(config.export, out, Options(config.export_names, flat=True))
        work = Export(sources_of([run]), writer)
        try:
            while True:
                over = trained.over() or bool(signals)
                if work.read():
                    writer.flush()
                if over:
                    break
                time.sleep(POLL_S)
        finally:
            writer.close()
        LOGGER.info("%d rows are in %s", work.count, out)


def main(arguments: list[str]) -> int:
    """Export the run `--run` as its settings say, while the process `--trainer` trains it."""
    parser = argparse.ArgumentParser(prog="gwt_ib.processes.exporter")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--trainer", type=int, required=True)
    given = parser.parse_args(arguments)
    run = RunDirectory(given.run)
    config = run.read_config()
    start_log("exporter", config.log_level)
    LOGGER.info("pid %d writes the metrics as %s", os.getpid(), config.export)
    os.nice(NICENESS)
    with recorded_signals() as signals:
        try:
            export_run(run, config, Trained(run, given.trainer), signals)
        except UserError as error:
            LOGGER.error(error.message)
            return int(error.code)
        except OSError as error:
            LOGGER.error("the export cannot be written: %s: %s", error.strerror or error, error.filename or run.exports)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
