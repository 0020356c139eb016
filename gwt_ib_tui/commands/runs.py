"""Commands on several runs: list them and open one, and compare some of them."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.commands.completion import complete_run
from gwt_ib_tui.commands.options import AsJson, find_run
from gwt_ib_tui.terminal import print_json, print_line, print_result, print_table, why_no_dashboard

if TYPE_CHECKING:
    from gwt_ib.runs.directory import RunDirectory


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
    """Choose among the runs under runs/, or list them.

    gwt-ib-tui runs

    gwt-ib-tui runs --list --sort eval --filter "RepeatPrevious #paper lr=0.001"

    gwt-ib-tui runs --csv --sort -age > runs.csv
    """
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


def compare(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Directories, names under runs/, patterns of these, names given by label, or latest.",
            autocompletion=complete_run,
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Compare runs with the first of them, on a screen or as a table."""
    chosen = select_runs(names)
    if not as_json and not why_no_dashboard():
        from gwt_ib_tui.application.app import run_comparison

        run_comparison(chosen)
        return
    from gwt_ib_tui.commands.standing import say_next_step
    from gwt_ib_tui.state.compare.comparison import report
    from gwt_ib_tui.state.compare.run_set import RunSet
    from gwt_ib_tui.state.run.feed import Limits

    found = report(RunSet(lambda: chosen, limits=Limits(moments=2, events=1, log_lines=0)).read_everything())
    if as_json:
        print_json(found)
        return
    _print_comparison(found)
    for run in chosen:
        say_next_step(run)
    if any(len(group["runs"]) > 1 for group in found["groups"]):
        print_result()
        _print_groups(found)


def select_runs(names: Sequence[str]) -> list[RunDirectory]:
    """The runs that are named, each once. Raises `UserError` (2) for a name without a run, and for too many."""
    from gwt_ib.runs.directory import list_runs
    from gwt_ib_tui.state.compare.run_set import MOST_RUNS

    chosen: dict[object, RunDirectory] = {}
    for name in names:
        pattern = name.removeprefix("runs/").rstrip("/")
        candidates = list_runs() if any(character in name for character in "*?[") else []
        matching = [run for run in candidates if fnmatch.fnmatchcase(run.name, pattern)]
        for run in matching or [find_run(name)]:
            chosen.setdefault(run.path.resolve(), run)
    if len(chosen) > MOST_RUNS:
        raise UserError(
            f"{len(chosen)} runs are too many to compare: name at most {MOST_RUNS}, or a narrower pattern.",
            ExitCode.USAGE,
        )
    return list(chosen.values())


def _print_comparison(found: dict[str, Any]) -> None:
    """A line a run; the delta is that of ep100 at the env steps that the run and the first have both come to."""
    from gwt_ib.runs.settings import setting_words
    from gwt_ib.text import count, number, plain

    numbers = ("env steps", "ep100", "delta", "eval_return", "mmer", "td_std", "mean_c", "EV")
    rows = []
    for row in found["runs"]:
        delta = row["delta"]["ep100"]
        rows.append(
            (
                plain(row["run"]),
                plain(row["env_id"]).removeprefix("popgym-"),
                plain(row["seed"]),
                plain(row["state"]),
                count(row["env_steps"]),
                number(row["ep100"]),
                number(None if delta is None else delta["delta"]),
                *(number(row[name]) for name in ("eval_return", "mmer", "td_std", "mean_c", "explained_variance")),
                plain(row["verdict"]),
                plain(row["gate_verdict"]),
                setting_words([(name, value) for name, value in row["differs"].items() if name != "env_id"]),
            )
        )
    print_table(("run", "env", "seed", "state", *numbers, "training", "gate", "differs in"), rows, right=numbers)


def _print_groups(found: dict[str, Any]) -> None:
    """A line a setting: mean and standard deviation over its seeds, of their newest values."""
    from gwt_ib.runs.settings import setting_words
    from gwt_ib.text import number, plain
    from gwt_ib_tui.state.compare.comparison import REPORTED

    rows = []
    for group in found["groups"]:
        metrics = [group["metrics"][name] for name in REPORTED]
        cells = [
            number(each["mean"]) + ("" if each["std"] is None else f" ± {number(each['std'])}") for each in metrics
        ]
        setting = setting_words(list(group["settings"].items())) or plain(group["runs"][0])
        rows.append((setting, ", ".join(plain(seed) for seed in group["seeds"]), *cells))
    print_table(("setting", "seeds", *REPORTED), rows)


COMMANDS = (runs, compare)
