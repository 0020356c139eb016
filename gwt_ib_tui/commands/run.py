"""Commands on a run that exists: requests to it, how it stands, GateCheck's verdict, a picture."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gwt_ib.errors import ExitCode, UserError, nearest
from gwt_ib_tui.commands.options import AsJson, RequireGateCheck, Run, find_run
from gwt_ib_tui.terminal import print_json, print_line, print_result

if TYPE_CHECKING:
    from gwt_ib.runs.control import RequestKind
    from gwt_ib.runs.directory import RunDirectory
    from gwt_ib.runs.events import Event
    from gwt_ib.sweeps.directory import SweepDirectory

ANSWER_S = 60.0


def pause(run: Run) -> None:
    """Pause training after the present update."""
    ask(run, "pause")


def unpause(run: Run) -> None:
    """Let a paused run go on."""
    ask(run, "unpause")


def snapshot(run: Run) -> None:
    """Write a snapshot now and print its path."""
    ask(run, "snapshot")


def stop(run: Run) -> None:
    """End a run, or a sweep, with a last snapshot."""
    from gwt_ib.sweeps.directory import SweepDirectory

    sweep = SweepDirectory(Path(run))
    if sweep.definition.is_file():
        _stop_sweep(sweep)
    else:
        ask(run, "stop")


def set_(
    run: Run,
    assignment: Annotated[str, typer.Argument(metavar="FIELD=VALUE", help="Such as lr=1e-4.")],
) -> None:
    """Change a setting of a run while it trains."""
    from gwt_ib.config_sources import change_live, parse_assignment

    field, value = parse_assignment(assignment, f"set {run}")
    config = change_live(find_run(run).read_config(), field, value)
    ask(run, "set", field, getattr(config, field))


def status(run: Run, as_json: AsJson = False) -> None:
    """Show state, progress, newest numbers and verdict."""
    from gwt_ib_tui.commands.standing import status_lines, summarise

    found = find_run(run)
    summary = summarise(found)
    if as_json:
        print_json(summary)
        return
    for line in status_lines(found, summary):
        print_result(line)


def check(run: Run, as_json: AsJson = False, require_gatecheck: RequireGateCheck = None) -> None:
    """Judge a run: its training by GateCheck's rules, and its gate; with evidence."""
    from gwt_ib.gatecheck.report import findings_lines, gatecheck_block, rules_lines
    from gwt_ib_tui.commands import headless
    from gwt_ib_tui.commands.standing import not_met, say_next_step

    found = find_run(run)
    verdict = headless.judge_recorded(found, found.read_config())
    if as_json:
        print_json(verdict.as_dict())
    else:
        print_result(gatecheck_block(verdict))
        for line in ("", *rules_lines(verdict), "", *findings_lines(verdict)):
            print_result(line)
    say_next_step(found)
    if require_gatecheck and (unmet := verdict.unmet(require_gatecheck)):
        print_line(not_met(require_gatecheck, unmet), err=True)
        raise typer.Exit(ExitCode.GATECHECK_NOT_PASSED)


def picture(
    run: Run,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it: FILE.svg, or FILE.png.")],
    columns: Annotated[int, typer.Option("--columns", min=20, max=500, help="Width of the screen.")] = 120,
    rows: Annotated[int, typer.Option("--rows", min=5, max=200, help="Height of the screen.")] = 40,
    screen: Annotated[str, typer.Option("--screen", help="live, gate, check, log, compare or settings.")] = "live",
    theme: Annotated[str, typer.Option("--theme", help="dark, light, or another theme's name.")] = "dark",
    png: Annotated[bool, typer.Option("--png", help="As PNG, by a program that is installed.")] = False,
) -> None:
    """Write the dashboard of a run, or the list of a sweep, as a picture."""
    from gwt_ib.sweeps.directory import SweepDirectory
    from gwt_ib_tui.application.pictures import SCREENS, run_picture, sweep_picture
    from gwt_ib_tui.application.preferences import theme_names

    screen = "check" if screen.lower() == "gatecheck" else screen  # what it is called on the screen
    if screen not in SCREENS:
        known = f"{', '.join(SCREENS[:-1])} and {SCREENS[-1]}"
        raise UserError(f"There is no screen {screen!r}, but {known}.{nearest(screen, SCREENS)}", ExitCode.USAGE)
    kinds = {".svg": False, ".png": True, "": png}
    kind = kinds.get(path.suffix.lower())
    if kind is None or (png and not kind):
        good = path.with_suffix(".png" if png else ".svg")
        words = "PNG with --png" if png else "SVG or PNG"
        raise UserError(f"A picture is written as {words}: give {good} in place of {path}.", ExitCode.USAGE)
    theme = {"dark": "gwt-dark", "light": "gwt-light"}.get(theme, theme)
    if theme not in (known_themes := theme_names()):
        raise UserError(f"There is no theme {theme!r}.{nearest(theme, known_themes)}", ExitCode.USAGE)
    sweep = SweepDirectory(Path(run))
    try:
        if sweep.definition.is_file():
            picture = sweep_picture(sweep, (columns, rows), theme)
        else:
            picture = run_picture(find_run(run), (columns, rows), screen, theme)
        if kind:
            from gwt_ib_tui.commands.rendering import write_png

            write_png(picture, path)
        else:
            path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.", ExitCode.INPUT_OUTPUT) from None


def _stop_sweep(sweep: SweepDirectory) -> None:
    """Ask a sweep to end all of its runs, which takes seconds. Raises `UserError` where nobody runs it."""
    from gwt_ib.runs.control import send_request
    from gwt_ib.sweeps.directory import is_running

    if not is_running(sweep):
        raise UserError(f"Nobody runs {sweep.path}: there is nothing to stop.", ExitCode.USAGE)
    send_request(sweep.control, "stop")
    print_line(f"stop asked: the runs of {sweep.path} end with a last snapshot", err=True)


def ask(
    name: str,
    kind: RequestKind,
    field: str | None = None,
    value: float | None = None,
    *,
    quiet: bool = False,
    answer_s: float = ANSWER_S,
) -> list[Event]:
    """Send a request, wait for the trainer's answer and show it; returns every event that the request led to.

    Raises `UserError` when there is nobody to answer, and where the request was refused.
    """
    from gwt_ib.runs.control import send_request
    from gwt_ib.runs.events import Event
    from gwt_ib.runs.jsonl import RecordReader
    from gwt_ib.runs.record import TRAINING

    run = find_run(name)
    if run.state() not in TRAINING:
        raise UserError(f"{run.path} is not training: its state is {run.state()}.", ExitCode.USAGE)
    events = RecordReader(run.events)
    while not events.at_end:
        events.read()
    request = send_request(run.control, kind, field, value)
    deadline = time.monotonic() + answer_s
    ours: list[Event] = []
    while time.monotonic() < deadline:
        ours += [event for event in map(Event.from_dict, events.read()) if event.request == request]
        if ours and ours[-1].kind == "acknowledged":
            _show_answer(run, kind, ours[-1], quiet)
            return ours
        if run.state() not in TRAINING:
            raise UserError(f"{run.path} ended before it came to {kind}: its state is {run.state()}.", ExitCode.USAGE)
        time.sleep(0.05)
    print_line(f"{kind} asked; the run has not come to a safe point within {answer_s:.0f} s.", err=True)
    raise typer.Exit(ExitCode.RESOURCES_USED_UP)


def _show_answer(run: RunDirectory, kind: str, event: Event, quiet: bool) -> None:
    message = event.words("message")
    if event.fields.get("result") != "done":
        raise UserError(f"{kind} was refused: {message.removesuffix('.')}.", ExitCode.INPUT_OUTPUT)
    if quiet:
        return
    if "path" in event.fields:
        path = Path(event.words("path", 4096))
        here = run.snapshots / path.name  # of a run that is trained on another machine the path is one there
        print_result(str(here if here.is_dir() and not path.is_dir() else path))
    print_line(f"{kind}: done at update {event.update}" + (f" ({message})" if message else ""), err=True)


COMMANDS = (pause, unpause, snapshot, stop, set_, status, check, picture)
