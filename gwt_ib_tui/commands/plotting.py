"""The command that draws figures for a paper: learning curves, gate curves, c over time, bars of a table of results."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gwt_ib.errors import ExitCode, UserError, nearest
from gwt_ib_tui.commands.completion import complete_run
from gwt_ib_tui.terminal import print_line, print_result

if TYPE_CHECKING:
    from gwt_ib.figures.figure import Figure
    from gwt_ib.figures.styles import Style
    from gwt_ib.runs.directory import RunDirectory

MOST_RUNS = 500
DEFAULT_METRIC = {"curves": "ep100", "bars": "mmer"}
"""Of the kinds that take `--metric`."""


def plot(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Runs, patterns of their names, folders of runs, or sweeps.",
            autocompletion=complete_run,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="fig.pdf, fig.png or fig.svg.")],
    kind: Annotated[Literal["curves", "gate", "c", "bars"], typer.Option("--kind", help="What is drawn.")] = "curves",
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help="Of curves: a panel each; a+b share one. Of bars: mmer, ep100 or evaluation.",
        ),
    ] = None,
    at: Annotated[str, typer.Option("--at", help="Of gate: moments, such as 0.1M,0.5M,end.")] = "start,end",
    x: Annotated[
        Literal["env_steps", "updates", "time"], typer.Option("--x", help="The x axis of curves and c.")
    ] = "env_steps",
    smooth: Annotated[
        float, typer.Option("--smooth", min=0.0, max=0.999, help="Weight of the past in a moving average, 0 to 0.999.")
    ] = 0.0,
    log_y: Annotated[bool, typer.Option("--log-y", help="Logarithmic y axis of curves.")] = False,
    single: Annotated[bool, typer.Option("--single", help="Each run as a line, not seeds as one.")] = False,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="TEXT", help="Name of a line, in the order of the lines.")
    ] = None,
    style: Annotated[Literal["light", "dark", "print"], typer.Option("--style", help="How it looks.")] = "light",
    size: Annotated[
        str,
        typer.Option("--size", metavar="SIZE", help="column (3.3 in wide), text (6.75 in), or WIDTHxHEIGHT in inches."),
    ] = "",
    title: Annotated[str, typer.Option("--title", help="A title; by default none.")] = "",
) -> None:
    """Draw a figure for a paper, with its data beside it as CSV.

    Runs that differ in their seed alone are one line: mean, and a pointwise 95 % interval of Student's t.
    """
    from dataclasses import replace

    from gwt_ib.figures.files import ending_of, write_figure
    from gwt_ib.figures.styles import STYLES
    from gwt_ib.text import plain

    ending_of(out)  # before anything is read
    wanted = _metrics(kind, metric or [])
    if kind == "bars":
        made, notes = _bars(names, wanted[0])
    else:
        from gwt_ib.figures.axes import X_NAMES
        from gwt_ib.figures.curves import Look
        from gwt_ib.figures.gate_curves import moment_of
        from gwt_ib.figures.plot import Plot, make_figure

        moments = tuple(map(moment_of, at.split(",")))
        look = Look(X_NAMES[x], smooth, log_y)
        runs = runs_named(names)
        made = make_figure(Plot(tuple(runs), kind, wanted, look, moments, single, tuple(label or ()), runs))
        notes = []
    made = replace(made, title=plain(title))
    try:
        data = write_figure(made, out, STYLES[style], _inches(size, made, STYLES[style]))
    except OSError as error:
        raise UserError(f"Cannot write {out}: {error.strerror or error}.", ExitCode.INPUT_OUTPUT) from None
    print_result(str(out))
    print_result(str(data))
    for note in filter(None, (made.caption, *made.notes, *notes)):
        print_line(note, err=True)


def runs_named(names: Sequence[str]) -> dict[RunDirectory, str]:
    """The runs of names, patterns, folders and sweeps, each once, with their arms where it is a sweep that is named.

    Raises `UserError`: 2 for a name without a run and for too many, 65 where none has begun.
    """
    from gwt_ib.runs.directory import list_runs
    from gwt_ib_tui.commands.results import planned_runs, sweep_runs

    found: dict[Path, tuple[RunDirectory, str]] = {}
    for name in names:
        pattern = name.removeprefix("runs/").rstrip("/")
        listed = list_runs() if any(letter in name for letter in "*?[") else []
        matching = [run for run in listed if fnmatch.fnmatchcase(run.name, pattern)]
        arms = {run: "" for run in matching} or {each.run: each.arm for each in sweep_runs(name) or ()}
        arms = arms or {each.run: "" for each in planned_runs([name])[0]}
        found |= {run.path.resolve(): (run, arm) for run, arm in arms.items() if run.metrics.exists()}
    if not found:
        raise UserError(f"No run of {', '.join(names)} has metrics yet.", ExitCode.BAD_DATA)
    if len(found) > MOST_RUNS:
        raise UserError(f"{len(found)} runs are too many for a figure: name at most {MOST_RUNS}.", ExitCode.USAGE)
    return dict(found.values())


def _metrics(kind: str, names: Sequence[str]) -> tuple[str, ...]:
    """The metrics that are drawn. Raises `UserError` (2) for one that is not known, and for one where there is no choice."""
    from gwt_ib.figures.axes import TOGETHER
    from gwt_ib.figures.plot import known_metrics
    from gwt_ib.results.run_scores import SCORES
    from gwt_ib.runs.metrics import NUMBERS

    chosen = [part.strip() for name in names for part in name.split(",") if part.strip()]
    if chosen and kind not in DEFAULT_METRIC:
        raise UserError(f"--kind {kind} has no --metric: it shows the gate.", ExitCode.USAGE)
    shown = tuple(dict.fromkeys(chosen)) or (DEFAULT_METRIC.get(kind, "mean_c"),)
    known_metrics([name for panel in shown for name in panel.split(TOGETHER)], SCORES if kind == "bars" else NUMBERS)
    if kind == "bars" and (len(shown) > 1 or TOGETHER in shown[0]):
        raise UserError("--kind bars shows one --metric at a time.", ExitCode.USAGE)
    return shown


def _bars(names: Sequence[str], score: str) -> tuple[Figure, list[str]]:
    """The bars of a table of results, and what has to be said of it. No missing evaluation is made for a figure."""
    from gwt_ib.figures.bars import bars
    from gwt_ib.results.notes import notes_on, without_doubles
    from gwt_ib.results.run_scores import read_scores
    from gwt_ib.results.table import make_table
    from gwt_ib_tui.commands.results import planned_runs

    planned, notes = planned_runs(names)
    scores, doubles = without_doubles([read_scores(each) for each in planned])
    table = make_table(scores)
    return bars(table, score), [*notes, *doubles, *notes_on(table)]


def _inches(words: str, figure: Figure, style: Style) -> tuple[float, float] | None:
    """Width and height in inches; None for the figure's own. Raises `UserError` (2)."""
    from gwt_ib.figures.drawing import size_of
    from gwt_ib.figures.styles import SIZES

    if not words:
        return None
    if words in SIZES:
        return size_of(figure, style, SIZES[words])
    width, _, height = words.lower().partition("x")
    try:
        inches = float(width), float(height)
    except ValueError:
        near: Any = nearest(words, SIZES)
        raise UserError(
            f"{words!r} is no size: give column, text, or inches as in 5x3.{near}", ExitCode.USAGE
        ) from None
    if not all(0.5 <= each <= 50 for each in inches):
        raise UserError(f"A figure is 0.5 to 50 inches wide and high, not {words}.", ExitCode.USAGE)
    return inches


COMMANDS = (plot,)
