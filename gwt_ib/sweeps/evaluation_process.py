"""The evaluation of a finished run of a sweep, as a process: `python -m gwt_ib.sweeps.evaluation_process`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.children import die_with_parent
from gwt_ib.results.final_evaluation import ensure_final_evaluation
from gwt_ib.runs.directory import RunDirectory


def main(arguments: list[str]) -> int:
    """Evaluate, and say on the descriptor `--report` what went wrong, if anything did."""
    parser = argparse.ArgumentParser(prog="gwt_ib.sweeps.evaluation_process")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--report", type=int, required=True)
    given = parser.parse_args(arguments)
    die_with_parent(given.parent)
    os.set_inheritable(given.report, False)
    run = RunDirectory(given.run)
    code, message = ExitCode.DONE, ""
    try:
        ensure_final_evaluation(run, run.read_config())
    except UserError as error:
        code, message = error.code, error.message
    except OSError as error:
        code, message = ExitCode.INPUT_OUTPUT, f"The evaluation cannot be kept: {error.strerror or error}."
    with suppress(OSError), os.fdopen(given.report, "wb") as report:
        report.write(json.dumps({"code": int(code), "message": message}).encode() + b"\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
