"""A sweep without a screen: a line for each run that starts or ends, progress now and then, the whole state at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from gwt_ib.errors import ExitCode
from gwt_ib_tui.terminal import json_line, print_table, write

if TYPE_CHECKING:
    from gwt_ib.sweeps.notices import Notice
    from gwt_ib.sweeps.plan import Plan
    from gwt_ib.sweeps.states import SweepState


class Reporter:
    """Prints notices. Once nobody reads any more, everything goes nowhere and the sweep is asked to end."""

    def __init__(self, as_json: bool, on_reader_gone: Callable[[], None]) -> None:
        self._as_json = as_json
        self._on_reader_gone = on_reader_gone
        self._reader_gone = False

    def __call__(self, notice: Notice) -> None:
        """Print one: on stdout, but for warnings and for what is said beside JSON."""
        if self._reader_gone:
            return
        try:
            if self._as_json:
                write(json_line(notice.as_dict()) + "\n", sys.stdout)
            elif notice.kind == "end" and notice.sweep is not None:
                print_states(notice.sweep)
                write(f"{notice.line()}\n", sys.stderr)
            else:
                from gwt_ib.text import visible

                write(visible(notice.line()) + "\n", sys.stderr if notice.kind == "warning" else sys.stdout)
        except BrokenPipeError:
            self._reader_gone = True
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for descriptor in (1, 2):  # what is gone stays gone: a second write would only fail again
                os.dup2(nowhere, descriptor)
            os.close(nowhere)
            self._on_reader_gone()
        except OSError:  # a full disk under the output costs lines of it, not the sweep
            return


def run_headless(plan: Plan, *, as_json: bool, retry_failed: bool) -> ExitCode:
    """Run a sweep in this process, with its lock held, and return the exit code."""
    from gwt_ib.processes.children import recorded_signals
    from gwt_ib.sweeps.engine import Engine
    from gwt_ib.sweeps.places import make_executor

    def on_reader_gone() -> None:
        engine.stop(ExitCode.ENDED_BY_TERM, "Ended as nobody reads the output any more.")

    engine = Engine(
        plan.sweep,
        make_executor(plan.place, plan.sweep, plan.parallel),
        retry_failed=retry_failed,
        report=Reporter(as_json, on_reader_gone),
        command=["gwt-ib-tui", *sys.argv[1:]],
    )
    with recorded_signals() as signals:
        return engine.run(signals)


def print_states(state: SweepState) -> None:
    """A row for each run."""
    from gwt_ib.text import count, number

    columns = ("run", "status", "env steps", "ep100", "evaluation", "steps/s", "training", "gate", "cause")
    rows = [
        (
            each.member.name,
            each.status,
            count(each.env_steps),
            number(each.episodic_return),
            number(each.eval_return),
            number(each.steps_per_s),
            each.verdict.upper(),
            each.gate_verdict.upper(),
            each.cause,
        )
        for each in state.members
    ]
    print_table(columns, rows, right=("env steps", "ep100", "evaluation", "steps/s"))
