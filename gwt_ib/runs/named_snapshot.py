"""The snapshot of a run that a user names: by a path, its env steps, `newest` or `best`; what is not there has a nearest."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.snapshot import BadSnapshotError, problem_of, read_manifest, steps_of
from gwt_ib.runs.snapshot_store import list_aside, list_snapshots, newest_good_snapshot

NEWEST, BEST = "newest", "best"
LISTED = 6


def named_snapshot(run: RunDirectory, folders: Sequence[Path], name: str) -> Path:
    """The snapshot that a path, a name, its env steps, `newest` or `best` stand for, also one that was set aside.

    `newest` is good; `best` is the good one with the highest evaluation, the newest of equals. Raises `UserError`: 2 with
    those that there are, 65 where none is good.
    """
    if name == NEWEST:
        return newest_good_snapshot(folders)[0]
    if name == BEST:
        return _best(run, folders)
    known: list[Path] = []
    for folder in folders:
        with suppress(OSError):
            known += [*list_snapshots(folder), *list_aside(folder)]
    wanted = Path(name).resolve()
    for path in known:
        if path.resolve() == wanted:
            return path
    plain = name.replace(",", "").replace("_", "")
    steps = steps_of(Path(plain)) if len(Path(name).parts) == 1 else None
    for path in known:
        if path.parent in folders and steps is not None and steps_of(path) == steps:
            return path
    raise UserError(f"{run.path} has no snapshot {name!r}. {_there_is(known, folders, steps)}.", ExitCode.USAGE)


def _best(run: RunDirectory, folders: Sequence[Path]) -> Path:
    rated: list[tuple[float, int, Path]] = []
    for folder in folders:
        with suppress(OSError):
            for path in list_snapshots(folder):
                with suppress(BadSnapshotError):
                    if (value := read_manifest(path).eval_return) is not None:
                        rated.append((value, steps_of(path) or 0, path))
    for _, _, path in sorted(rated, key=lambda each: each[:2], reverse=True):
        if not problem_of(path):
            return path
    newest = newest_good_snapshot(folders)[0]
    raise UserError(
        f"No good snapshot of {run.path} was made after an evaluation, so none is the best; the newest is {newest.name}.",
        ExitCode.USAGE,
    )


def _there_is(known: Sequence[Path], folders: Sequence[Path], steps: int | None) -> str:
    """What there is in its place: all of a few, else the newest of them; and the nearest to a number of env steps."""
    if not known:
        return "It has none"
    names = [str(path) if path.parent not in folders else path.name for path in known]
    words = f"It has {', '.join(names[-LISTED:])}"
    if len(names) > LISTED:
        words += f" and {len(names) - LISTED} more"
    ours = [path for path in known if path.parent in folders]
    if steps is not None and len(ours) > 1:
        distance = {path.name: abs((steps_of(path) or 0) - steps) for path in ours}
        words += f"; the nearest is {min(distance, key=distance.__getitem__)}"
    return words
