"""The command that makes the table of results of a sweep, or of other runs: for people, as Markdown, CSV or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gwt_ib.errors import ExitCode, UserError, nearest
from gwt_ib_tui.commands.options import AsJson
from gwt_ib_tui.commands.trust import Trust, need_trust
from gwt_ib_tui.terminal import print_json, print_line, print_result, print_table

if TYPE_CHECKING:
    from gwt_ib.results.run_scores import PlannedRun
    from gwt_ib.runs.directory import RunDirectory


def results(
    names: Annotated[
        list[str],
        typer.Argument(metavar="SWEEP...", help="Directory or name of a sweep; or a folder of runs, or runs."),
    ],
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A row for each task and arm.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Ready to be pasted.")] = False,
    evaluate: Annotated[
        bool, typer.Option("--evaluate/--no-evaluate", help="Make final evaluations that are missing.")
    ] = True,
    trust: Trust = False,
) -> None:
    """Make the table of a sweep: scores by task and arm, with intervals."""
    if as_json + as_csv + as_markdown > 1:
        raise UserError("Choose one of --json, --csv and --markdown.", ExitCode.USAGE)
    from gwt_ib.results import forms
    from gwt_ib.results.notes import notes_on, without_doubles
    from gwt_ib.results.run_scores import read_scores
    from gwt_ib.results.table import make_table

    planned, notes = planned_runs(names)
    if evaluate:
        _evaluate(planned, trust)
    scores, doubles = without_doubles([read_scores(each) for each in planned])
    table = make_table(scores)
    notes = [*notes, *doubles, *notes_on(table)]
    if as_json:
        print_json(forms.as_json(table, notes))
    elif as_csv:
        print_result(forms.as_csv(table).rstrip("\n"))
        for note in notes:
            print_line(note, err=True)
    elif as_markdown:
        print_result(forms.as_markdown(table, notes).rstrip("\n"))
    else:
        for words in forms.in_words(table):
            print_result(words.title)
            print_table(words.columns, words.rows, right=words.right)
            print_result()
        for note in notes:
            print_result(note)


def planned_runs(names: Sequence[str]) -> tuple[list[PlannedRun], list[str]]:
    """The runs that are named, each once, and what is to be said of them. Raises `UserError` where there are none."""
    found: list[PlannedRun] = []
    loose: list[RunDirectory] = []
    for name in names:
        sweep = sweep_runs(name)
        found += sweep or []
        loose += _runs_of(name) if sweep is None else []
    alone, notes = _loose_runs(loose)
    by_path = {each.run.path.resolve(): each for each in [*found, *alone]}
    if not by_path:
        raise UserError(f"There is no run in {', '.join(names)}. {' '.join(notes)}".rstrip(), ExitCode.USAGE)
    return list(by_path.values()), notes


def sweep_runs(name: str) -> list[PlannedRun] | None:
    """The runs of a sweep that is named by its directory, its name or the file that it was started with; else None."""
    from gwt_ib.results.run_scores import PlannedRun
    from gwt_ib.runs.directory import RunDirectory
    from gwt_ib.sweeps.directory import SWEEPS, SweepDirectory, default_directory
    from gwt_ib.sweeps.states import read_states

    places = [SweepDirectory(Path(name)), SweepDirectory(SWEEPS / name), default_directory(Path(name))]
    sweep = next((place for place in places if place.definition.is_file()), None)
    if sweep is None:
        return None
    return [
        PlannedRun(RunDirectory(each.path), each.member.config, each.member.arm, each.status, each.cause)
        for each in read_states(sweep).members
    ]


def _runs_of(name: str) -> list[RunDirectory]:
    """One run, or those in a folder. Raises `UserError` (2)."""
    from gwt_ib.runs.directory import RUNS, find_run, list_runs
    from gwt_ib.sweeps.directory import SWEEPS

    folder = Path(name)
    if folder.is_dir() and not any((folder / file).is_file() for file in ("run.json", "config.json")):
        if runs := list_runs(folder):
            return runs
        raise UserError(f"{name} is neither a sweep nor a run, and there is no run in it.", ExitCode.USAGE)
    try:
        return [find_run(name)]
    except UserError:
        if name == "latest":
            raise
        known = [*(path.parent.name for path in SWEEPS.glob("*/sweep.toml")), *(run.name for run in list_runs(RUNS))]
        raise UserError(f"There is no sweep and no run {name!r}.{nearest(name, known)}", ExitCode.USAGE) from None


def _loose_runs(runs: Sequence[RunDirectory]) -> tuple[list[PlannedRun], list[str]]:
    """Runs that are in no sweep; the arm of each is what its settings differ in, but for task and seed."""
    from gwt_ib.config import Config
    from gwt_ib.results.run_scores import PlannedRun, status_of
    from gwt_ib.runs.settings import RUN_LOCAL, differing, setting_words

    configs: list[tuple[RunDirectory, Config]] = []
    notes = []
    for run in runs:
        try:
            configs.append((run, run.read_config()))
        except UserError as error:
            notes.append(f"{run.name} is left out: {error.message}")
    hidden = RUN_LOCAL - {"total_timesteps"} | {"env_id"}
    planned = []
    for (run, config), values in zip(configs, differing([config for _, config in configs]), strict=True):
        arm = ", ".join(setting_words([pair]) for pair in values if pair[0] not in hidden)
        planned.append(PlannedRun(run, config, arm or "default", *status_of(run)))
    return planned, notes


def _evaluate(planned: Sequence[PlannedRun], trust: bool) -> None:
    """Make the final evaluations that finished runs lack; one that is not possible costs only itself."""
    from gwt_ib.results.final_evaluation import ensure_final_evaluation, final_evaluation
    from gwt_ib.runs.origin import made_here

    missing = [
        each for each in planned if each.status == "finished" and final_evaluation(each.run, each.config) is None
    ]
    asked: set[str] = set()
    for each in missing:
        env_id = each.config.env_id
        if env_id not in asked and not made_here(each.run.read_run(), env_id):
            need_trust(each.run, env_id, trust)
            asked.add(env_id)  # once a module, not once a run
    for number, each in enumerate(missing, start=1):
        print_line(f"evaluation {number} of {len(missing)}: {each.run.name}", err=True)
        try:
            ensure_final_evaluation(each.run, each.config)
        except UserError as error:
            print_line(f"{each.run.name} was not evaluated: {error.message}", err=True)
        except OSError as error:
            print_line(f"{each.run.name}: its evaluation was not kept: {error.strerror or error}.", err=True)


COMMANDS = (results,)
