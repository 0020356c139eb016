"""The command that lists the runs there are, and opens one."""

from __future__ import annotations

from typing import Annotated

import typer

from gwt_ib_tui.commands.options import AsJson
from gwt_ib_tui.terminal import print_json, print_line, print_table, why_no_dashboard


def runs(
    as_json: AsJson = False,
    as_list: Annotated[bool, typer.Option("--list", help="Print them, also in a terminal.")] = False,
) -> None:
    """Choose among the runs under runs/, or list them."""
    from gwt_ib.runs.directory import RUNS, list_runs
    from gwt_ib.text import plain
    from gwt_ib_tui.commands.standing import summarise

    found = list_runs()
    if as_json:
        print_json([summarise(run) for run in found])
        return
    if not found:
        print_line("There is no run under runs/ yet; `gwt-ib-tui launch` starts one.", err=True)
        return
    if not as_list and not why_no_dashboard():
        from gwt_ib_tui.application.run_list_app import choose_and_show

        choose_and_show(RUNS)
        return
    columns = ("run", "state", "env steps", "training", "gate", "ep100")
    shown = ("run", "state", "progress", "verdict", "gate_verdict", "ep100")
    summaries = [summarise(run) for run in found]
    print_table(columns, [[plain(row[name]) for name in shown] for row in summaries])
    for row in summaries:
        if row["next_step"]:
            print_line(
                " ".join(filter(None, (f"{plain(row['run'])}:", plain(row["message"]), row["next_step"]))), err=True
            )


COMMANDS = (runs,)
