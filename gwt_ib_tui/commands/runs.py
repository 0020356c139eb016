"""The command that lists the runs there are, and opens one."""

from __future__ import annotations

from typing import Annotated

import typer

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.commands.options import AsJson
from gwt_ib_tui.terminal import print_json, print_line, print_result, why_no_dashboard


def runs(
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A row for each run.")] = False,
    as_list: Annotated[bool, typer.Option("--list", help="Print them, also in a terminal.")] = False,
    sort: Annotated[
        str | None,
        typer.Option("--sort", metavar="COLUMN", help="Default: ep100, the best first; -COLUMN turns it round."),
    ] = None,
    words: Annotated[
        str,
        typer.Option("--filter", metavar="WORDS", help="All must match: task, state, name, #tag, s1, lr=0.001."),
    ] = "",
) -> None:
    """Choose among the runs under runs/, or list them: the best on top."""
    from gwt_ib.runs.directory import RUNS, run_files
    from gwt_ib_tui.state.compare.run_order import Order

    order = Order() if sort is None else Order.of(sort)
    if as_json and as_csv:
        raise UserError("Choose one of --json and --csv.", ExitCode.USAGE)
    if not run_files() and not as_json and not as_csv:
        print_line("There is no run under runs/ yet; `gwt-ib-tui launch` starts one.", err=True)
        return
    if not (as_list or as_json or as_csv) and not why_no_dashboard():
        from gwt_ib_tui.application.run_list_app import choose_and_show
        from gwt_ib_tui.screens.list_screen import Place

        choose_and_show(RUNS, Place(words=words, order=order.word))
        return
    from gwt_ib_tui.commands import run_table
    from gwt_ib_tui.state.compare.run_order import ordered
    from gwt_ib_tui.state.compare.run_summaries import list_summaries

    every = list_summaries(RUNS)
    found = every.matching(words)
    # Programs have had the oldest first since before there was an order.
    listed = list(reversed(found)) if as_json and sort is None else ordered(found, order)
    if as_json:
        print_json([run_table.as_json(run) for run in listed])
    elif as_csv:
        print_result(run_table.as_csv(listed).rstrip("\n"))
    elif not listed:
        print_line(f"No run has {words!r}.", err=True)
    else:
        run_table.print_runs(listed, every.now)
        run_table.say_next_steps(listed)


COMMANDS = (runs,)
