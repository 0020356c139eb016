"""Commands on a run's labels, and the one that deletes runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.commands.options import AsJson, Runs, find_run
from gwt_ib_tui.terminal import print_json, print_line, print_result

if TYPE_CHECKING:
    from gwt_ib.runs.directory import RunDirectory
    from gwt_ib.runs.labels import Labels

Name = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="A name by which commands find the run; '' for none.")
]
Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="A tag to add, one word; repeatable.")]
Note = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Notes on the run, a line of text.")]


def label(
    names: Runs,
    name: Name = None,
    tags: Tags = None,
    untag: Annotated[
        list[str] | None, typer.Option("--untag", metavar="TAG", help="A tag to take away; repeatable.")
    ] = None,
    note: Note = None,
    as_json: AsJson = False,
) -> None:
    """Name, tag and annotate runs, or show what they are called."""
    from gwt_ib.runs.labels import read_labels, write_labels

    runs = each_once(names)
    if name and len(runs) > 1:
        raise UserError(f"A name is for one run, and these are {len(runs)}: use --tag for several.", ExitCode.USAGE)
    changed = any(given is not None for given in (name, tags, untag, note))
    found = []
    for run in runs:
        labels = read_labels(run)
        if changed:
            asked = replace(
                labels,
                name=labels.name if name is None else name,
                tags=labels.tagged(tags or (), untag or ()),
                notes=labels.notes if note is None else note,
            )
            labels = write_labels(run, asked)
        found.append((run, labels))
    if as_json:
        print_json(
            [
                {"run": run.name, "path": str(run.path), **vars(labels), "tags": list(labels.tags)}
                for run, labels in found
            ]
        )
    else:
        for run, labels in found:
            print_result(in_words(run, labels))
    if name:
        warn_of_namesakes(found[0][0], found[0][1])


def delete(
    names: Runs,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete runs for good, after a question that says what is lost."""
    import sys

    from gwt_ib.runs.delete import delete_run, loss_of

    losses = [loss_of(run) for run in each_once(names)]  # before anything is deleted
    for loss in losses:
        print_line(loss.words, err=True)
    if not yes:
        if not sys.stdin.isatty():
            raise UserError("Nothing was deleted: without a terminal to ask in, say --yes.", ExitCode.USAGE)
        what = "this run" if len(losses) == 1 else f"these {len(losses)} runs"
        if not typer.confirm(f"Delete {what} for good?", err=True):
            print_line("Nothing was deleted.", err=True)
            return
    for loss in losses:
        delete_run(loss.run)
        print_line(f"deleted: {loss.run.path}", err=True)


def each_once(names: Sequence[str]) -> list[RunDirectory]:
    """The runs that are named, each once. Raises `UserError` (2)."""
    runs = {run.path.resolve(): run for run in map(find_run, names)}
    return list(runs.values())


def asked_labels(name: str | None, tags: Sequence[str] | None, note: str | None) -> Labels:
    """The labels that a launch was given. Raises `UserError` (2), before anything is made."""
    from gwt_ib.runs.labels import Labels, checked

    return checked(Labels(name or "", tuple(tags or ()), note or ""))


def keep_labels(run: RunDirectory, labels: Labels) -> None:
    """Keep the labels of a run that was just made, where it has any."""
    from gwt_ib.runs.labels import Labels, write_labels

    if labels != Labels():
        write_labels(run, labels)
        warn_of_namesakes(run, labels)


def warn_of_namesakes(run: RunDirectory, labels: Labels) -> None:
    """Say on stderr where commands cannot find the run by its name, as others have the same."""
    from gwt_ib.runs.directory import list_runs
    from gwt_ib.runs.labels import read_labels

    if not labels.name:
        return
    here = run.path.resolve()
    others = [other for other in list_runs() if other.path.resolve() != here]
    same = [other.name for other in others if labels.name in (other.name, read_labels(other).name)]
    if same:
        print_line(f"{labels.name!r} is also {same[0]}: commands take it for that run, or ask which.", err=True)


def in_words(run: RunDirectory, labels: Labels) -> str:
    """One line: the run, then what it is called."""
    parts = [run.name]
    if labels.name:
        parts.append(f"name {labels.name!r}")
    if labels.tags:
        parts.append(f"tags {' '.join(labels.tags)}")
    if labels.notes:
        parts.append(f"notes: {labels.notes}")
    return "  ".join(parts if len(parts) > 1 else [*parts, "no labels"])


COMMANDS = (label, delete)
