"""Commands on several runs: list them and open one, and compare some of them."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.commands.options import AsJson

if TYPE_CHECKING:
    from rich.table import Table

    from gwt_ib.runs.directory import RunDirectory


def runs(
    as_json: AsJson = False,
    as_list: Annotated[bool, typer.Option("--list", help="Print them, also in a terminal.")] = False,
) -> None:
    """Choose among the runs under runs/, or list them."""
    from gwt_ib.runs.directory import RUNS, list_runs
    from gwt_ib_tui.commands.run import summarise
    from gwt_ib_tui.terminal import why_no_dashboard

    found = list_runs()
    if as_json:
        typer.echo(json.dumps([summarise(run) for run in found]))
        return
    if not found:
        typer.echo("There is no run under runs/ yet; `gwt-ib-tui launch` starts one.", err=True)
        return
    if not as_list and not why_no_dashboard():
        from gwt_ib_tui.application.run_list_app import choose_and_show

        choose_and_show(RUNS)
        return
    _print(_runs_table([summarise(run) for run in found]))


def compare(
    names: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="Directories, names under runs/, patterns of these, or latest."),
    ],
    as_json: AsJson = False,
) -> None:
    """Compare runs with the first of them, on a screen or as a table."""
    from gwt_ib_tui.terminal import why_no_dashboard

    chosen = select_runs(names)
    if not as_json and not why_no_dashboard():
        from gwt_ib_tui.application.app import run_comparison

        run_comparison(chosen)
        return
    from gwt_ib_tui.state.compare.comparison import report
    from gwt_ib_tui.state.compare.run_set import RunSet
    from gwt_ib_tui.state.run.feed import Limits

    found = report(RunSet(lambda: chosen, limits=Limits(moments=2, events=1, log_lines=0)).read_everything())
    if as_json:
        typer.echo(json.dumps(found))
        return
    _print(_comparison_table(found))
    if any(len(group["runs"]) > 1 for group in found["groups"]):
        typer.echo()
        _print(_groups_table(found))


COMMANDS = (runs, compare)


def select_runs(names: Sequence[str]) -> list[RunDirectory]:
    """The runs that are named, each once. Raises `UserError` (2) for a name without a run, and for too many."""
    from gwt_ib.runs.directory import find_run, list_runs
    from gwt_ib_tui.state.compare.run_set import MOST_RUNS

    chosen: dict[object, RunDirectory] = {}
    for name in names:
        pattern = name.removeprefix("runs/").rstrip("/")
        matching = [run for run in list_runs() if fnmatch.fnmatchcase(run.name, pattern)] if _has_wildcard(name) else []
        for run in matching or [find_run(name)]:
            chosen.setdefault(run.path.resolve(), run)
    if len(chosen) > MOST_RUNS:
        raise UserError(
            f"{len(chosen)} runs are too many to compare: name at most {MOST_RUNS}, or a narrower pattern.",
            ExitCode.USAGE,
        )
    return list(chosen.values())


def _has_wildcard(name: str) -> bool:
    return any(sign in name for sign in "*?[")


def _runs_table(rows: list[dict[str, Any]]) -> Table:
    from rich.table import Table

    from gwt_ib.text import plain

    table = Table("run", "state", "env steps", "verdict", "ep100", box=None)
    for row in rows:
        table.add_row(*(plain(row[name]) for name in ("run", "state", "progress", "verdict", "ep100")))
    return table


def _comparison_table(found: dict[str, Any]) -> Table:
    """A line a run; the delta is that of ep100 at the env steps that the run and the first have both come to."""
    from rich.table import Table

    from gwt_ib.text import count, number, plain
    from gwt_ib_tui.state.compare.settings import setting_words

    columns = ("env steps", "ep100", "delta", "eval_return", "mmer", "td_std", "mean_c", "EV")
    table = Table("run", "env", "seed", "state", *columns, "verdict", "differs in", box=None)
    for column in table.columns[4:12]:
        column.justify = "right"
    for row in found["runs"]:
        delta = row["delta"]["ep100"]
        table.add_row(
            plain(row["run"]),
            plain(row["env_id"]).removeprefix("popgym-"),
            plain(row["seed"]),
            plain(row["state"]),
            count(row["env_steps"]),
            number(row["ep100"]),
            number(None if delta is None else delta["delta"]),
            *(number(row[name]) for name in ("eval_return", "mmer", "td_std", "mean_c", "explained_variance")),
            plain(row["verdict"]),
            setting_words([(name, value) for name, value in row["differs"].items() if name != "env_id"]),
        )
    return table


def _groups_table(found: dict[str, Any]) -> Table:
    """A line a setting: mean and standard deviation over its seeds, of their newest values."""
    from rich.table import Table

    from gwt_ib.text import number, plain
    from gwt_ib_tui.state.compare.comparison import REPORTED
    from gwt_ib_tui.state.compare.settings import setting_words

    table = Table("setting", "seeds", *REPORTED, box=None)
    for group in found["groups"]:
        cells = []
        for name in REPORTED:
            mean, std = group["metrics"][name]["mean"], group["metrics"][name]["std"]
            cells.append(number(mean) + ("" if std is None else f" ± {number(std)}"))
        setting = setting_words(list(group["settings"].items())) or plain(group["runs"][0])
        table.add_row(setting, ", ".join(plain(seed) for seed in group["seeds"]), *cells)
    return table


def _print(table: Table) -> None:
    """As wide as it needs to be where the output is no terminal: a name that is cut cannot be used."""
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = max(console.width, console.measure(table, options=console.options.update(width=10_000)).maximum)
    console.print(table)
