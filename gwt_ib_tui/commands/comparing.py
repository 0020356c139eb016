"""The command `compare`: runs against one of them, and the seeds of each setting together, with intervals."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gwt_ib.errors import ExitCode, UserError, nearest
from gwt_ib_tui.commands.completion import complete_run
from gwt_ib_tui.commands.options import AsJson, find_run
from gwt_ib_tui.terminal import print_json, print_line, print_result, print_table, why_no_dashboard

if TYPE_CHECKING:
    from gwt_ib.runs.directory import RunDirectory


def compare(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Directories, names under runs/, patterns of these, names given by label, or latest.",
            autocompletion=complete_run,
        ),
    ],
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline", metavar="RUN|FIELD=VALUE", help="What the others are compared with; default: the first."
        ),
    ] = None,
    as_list: Annotated[bool, typer.Option("--list", help="Print them, also in a terminal.")] = False,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A row for each setting.")] = False,
) -> None:
    """Compare runs, and settings over their seeds, on a screen or as tables.

    Runs that differ in their seed alone are one setting: its mean return with the 95 % interval, IQM, and how likely one
    of its runs is better than one of the baseline's.
    """
    if as_json and as_csv:
        raise UserError("Choose one of --json and --csv.", ExitCode.USAGE)
    chosen = with_baseline_first(select_runs(names), baseline)
    if not (as_json or as_csv or as_list) and not why_no_dashboard():
        from gwt_ib_tui.application.run_dashboard import run_comparison

        run_comparison(chosen)
        return
    from gwt_ib_tui.commands.standing import say_next_step
    from gwt_ib_tui.state.compare.report import report, report_csv
    from gwt_ib_tui.state.compare.run_set import RunSet
    from gwt_ib_tui.state.run.feed import Limits

    found = report(RunSet(lambda: chosen, limits=Limits(moments=2, events=1, log_lines=0)).read_everything())
    if as_json:
        print_json(found)
        return
    if as_csv:
        print_result(report_csv(found).rstrip("\n"))
    else:
        _print_runs(found)
        if any(len(group["runs"]) > 1 for group in found["groups"]):
            print_result()
            _print_groups(found)
    for note in found["notes"]:
        print_line(note, err=True)
    for run in chosen:
        say_next_step(run)


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


def with_baseline_first(runs: Sequence[RunDirectory], name: str | None) -> list[RunDirectory]:
    """The runs, that which `name` means as the first: a run among them, or the first with settings such as `lr=0.001`.

    Raises `UserError` (2) with the nearest.
    """
    if name is None:
        return list(runs)
    found = _run_among(runs, name) or next((run for run in runs if _has_settings(run, name)), None)
    if found is None:
        known = [run.name for run in runs]
        sentence = f"--baseline {name!r} is none of the runs that are compared, and none of their settings."
        raise UserError(f"{sentence}{nearest(name, known) or f' They are {_some(known)}.'}", ExitCode.USAGE)
    return [found, *(run for run in runs if run is not found)]


def _run_among(runs: Sequence[RunDirectory], name: str) -> RunDirectory | None:
    try:
        path = find_run(name).path.resolve()
    except UserError:
        return None
    return next((run for run in runs if run.path.resolve() == path), None)


def _has_settings(run: RunDirectory, words: str) -> bool:
    """Whether a run has every setting of words such as `lr=0.001 memory=false`."""
    from gwt_ib.config_sources import parse_assignment
    from gwt_ib.runs.settings import setting_words

    settings = run.read_settings()
    try:
        pairs = [parse_assignment(word) for word in words.replace(",", " ").split()]
    except UserError:
        return False
    return bool(pairs) and all(
        field in settings and setting_words([(field, settings[field])]) == setting_words([(field, value)])
        for field, value in pairs
    )


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _print_runs(found: dict[str, Any]) -> None:
    """A line a run; the delta is that of ep100 at the env steps that the run and the baseline have both come to."""
    from gwt_ib.runs.settings import setting_words
    from gwt_ib.text import count, number, plain

    numbers = ("env steps", "ep100", "delta", "eval_return", "mmer", "td_std", "mean_c", "EV")
    rows = []
    for row in found["runs"]:
        delta = row["delta"]["ep100"]
        rows.append(
            (
                " · ".join(filter(None, (plain(row["name"]), plain(row["run"])))),
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
    """For each return what is measured where, and a line a setting, task by task."""
    from gwt_ib.text import ABSENT, count

    groups, baseline = found["groups"], found["groups"][found["baseline_group"]]
    order = list(dict.fromkeys([baseline["env_id"], *(group["env_id"] for group in groups)]))
    shown = sorted(groups, key=lambda group: order.index(group["env_id"]))
    several = len(groups) > 1
    for metric, title in (("ep100", "ep100 at equal env steps"), ("eval_return", "last evaluation")):
        better = f", and P(better than a run of {_setting_of(baseline)})" if several else ""
        print_result(f"{title}: mean over runs with its 95 % interval, IQM{better}")
        rows = []
        for group in shown:
            score = group["scores"][metric]
            row = {"env": _task_of(group)} if len(order) > 1 else {}
            row["setting"] = _setting_of(group)
            row["runs"] = f"{score['n']} of {len(group['runs'])}"
            row["seeds"] = _some([str(seed) for seed in group["seeds"]], 8)
            if metric == "ep100":
                row["env steps"] = count(score["env_steps"])
            row["mean"], row["IQM"] = estimate_words(score["mean"]), estimate_words(score["iqm"])
            if several:
                row["delta"] = ABSENT if score["delta"] is None else f"{score['delta'] + 0.0:.3f}"
                row["P(better)"] = estimate_words(score["probability_of_improvement"], 2)
            if several and groups.index(group) == group["against"]:
                row["P(better)"] = "baseline"
            rows.append(row)
        columns = list(rows[0])
        print_table(columns, [list(row.values()) for row in rows], right=columns[columns.index("seeds") + 1 :])
        print_result()


def _setting_of(group: dict[str, Any]) -> str:
    """In what a setting differs from the others; its task where it is the only one."""
    from gwt_ib.runs.settings import setting_words

    return setting_words([pair for pair in group["settings"].items() if pair[0] != "env_id"]) or _task_of(group)


def _task_of(group: dict[str, Any]) -> str:
    from gwt_ib.text import plain

    return plain(group["env_id"]).removeprefix("popgym-")


def estimate_words(found: dict[str, Any] | None, digits: int = 3) -> str:
    """`0.512 [0.401, 0.623]`."""
    from gwt_ib.text import ABSENT

    if found is None:
        return ABSENT
    value, low, high = (
        None if found[end] is None else f"{found[end] + 0.0:.{digits}f}" for end in ("value", "low", "high")
    )
    return str(value) if low is None or high is None else f"{value} [{low}, {high}]"


COMMANDS = (compare,)
