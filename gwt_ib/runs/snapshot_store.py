"""The snapshots of a run: which is the newest good one, which are kept, what is set aside."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from gwt_ib.durable import sync_directory
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.snapshot import (
    BadSnapshotError,
    Manifest,
    Snapshot,
    discard,
    load_snapshot,
    problem_of,
    read_manifest,
    save_snapshot,
    steps_of,
)

NEWEST_KEPT = 3
TRIES = 3
_LEFTOVER = re.compile(r"\.[^/]+\.tmp-\d+(-\d+)?|\.trash-[^/]+")
_ASIDE = re.compile(r"aside-(\d{1,9})")


def newest_good_snapshot(
    folders: Path | Sequence[Path], fits: Callable[[Snapshot], str] = lambda snapshot: ""
) -> tuple[Path, Snapshot, list[str]]:
    """The newest snapshot that verifies and for which `fits` has no objection, and a sentence for each newer one.

    Of equally new ones that of the first folder comes first. Raises `UserError` (65) when there is none: a run is never
    silently started from scratch.
    """
    refused: list[str] = []
    found: list[Path] = []
    folders = [folders] if isinstance(folders, Path) else list(folders)
    for folder in folders:
        try:
            found += list_snapshots(folder)
        except OSError as error:
            refused.append(f"{folder} cannot be looked into: {error.strerror or error}")
    for path in sorted(found, key=_steps, reverse=True):
        try:
            snapshot = load_snapshot(path)
        except BadSnapshotError as error:
            refused.append(str(error))
            continue
        if not (problem := fits(snapshot)):
            return path, snapshot, refused
        refused.append(f"{path} does not fit this run: {problem}")
    reason = ". ".join(refused) if refused else f"{folders[0] if folders else 'the run'} has no snapshot"
    raise UserError(f"There is no good snapshot to go on from: {reason}.", ExitCode.BAD_DATA)


def list_snapshots(folder: Path) -> list[Path]:
    """The snapshots of a folder, oldest first, without hidden temporary ones and those set aside. Raises `OSError`."""
    try:
        paths = list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted((path for path in paths if steps_of(path) is not None and _may_be_one(path)), key=_steps)


def save_firmly(folders: Sequence[Path], snapshot: Snapshot, env_steps: int, *, pinned: bool = False) -> Path:
    """Save a snapshot at any price: a few times anew from memory, then in the next folder; returns where it is.

    Raises the last `OSError` where no folder takes it, and `NotFiniteSnapshotError`.
    """
    problem: OSError | None = None
    for folder in folders:
        for _ in range(TRIES):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                return save_snapshot(folder, snapshot, env_steps, pinned=pinned)
            except OSError as error:
                problem = error
    raise problem or FileNotFoundError("there is no folder for a snapshot")


def keep_snapshots(folder: Path, newest: int = NEWEST_KEPT) -> list[Path]:
    """Delete all but the newest, the best by its evaluation and the pinned ones; returns what was deleted. Never raises.

    Whether one looks good its manifest says. What does not is left alone, as it is not ours to know. The newest that
    really verifies is kept in any case, and without one nothing is deleted.
    """
    try:
        paths = list_snapshots(folder)
    except OSError:
        return []
    known = [(path, manifest) for path in paths if (manifest := _looks_good(path)) is not None]
    rated = [
        (manifest.eval_return, place) for place, (_, manifest) in enumerate(known) if manifest.eval_return is not None
    ]
    kept = {path for path, manifest in known if manifest.pinned} | {path for path, _ in known[-max(newest, 1) :]}
    if rated:
        kept.add(known[max(rated)[1]][0])
    verified = next((path for path, _ in reversed(known) if not problem_of(path)), None)
    if verified is None:
        return []
    doomed = [path for path, _ in known if path not in kept | {verified}]
    gone = []
    for path in doomed:
        with suppress(OSError):
            discard(path)
            gone.append(path)
    return gone


def clean_temporary(folder: Path) -> None:
    """Delete what killed processes left half-written or half-deleted; only with the run's lock held. Never raises."""
    with suppress(OSError):
        # What lies behind a link is somebody else's.
        for path in [folder, *(path for path in list_snapshots(folder) if not path.is_symlink())]:
            for leftover in [entry for entry in path.iterdir() if _LEFTOVER.fullmatch(entry.name)]:
                with suppress(OSError):
                    if leftover.is_dir() and not leftover.is_symlink():
                        shutil.rmtree(leftover, ignore_errors=True)
                    else:
                        leftover.unlink()


def set_aside_newer(folder: Path, env_steps: int) -> list[Path]:
    """Move every snapshot that is newer than the one gone on from to `folder/aside-N`; returns where they are now.

    Also those that cannot be read: one that comes back belongs to another past and must not be taken for new. Whoever
    wants one back moves it by hand. Raises `OSError`.
    """
    newer = [path for path in list_snapshots(folder) if _steps(path) > env_steps]
    if not newer:
        return []
    numbers = [int(match[1]) for path in folder.iterdir() if (match := _ASIDE.fullmatch(path.name))]
    aside = folder / f"aside-{max(numbers, default=0) + 1}"
    aside.mkdir(mode=0o700)
    moved = [path.rename(aside / path.name) for path in newer]
    sync_directory(aside)
    sync_directory(folder)
    return moved


def list_aside(folder: Path) -> list[Path]:
    """The snapshots that were set aside, oldest first. Raises `OSError`."""
    if not folder.is_dir():
        return []
    asides = [path for path in folder.iterdir() if _ASIDE.fullmatch(path.name)]
    return sorted((path for aside in asides for path in list_snapshots(aside)), key=lambda path: path.parts[-2:])


def list_leftovers(folder: Path) -> list[Path]:
    """What `clean_temporary` would delete in a folder itself. Raises `OSError`."""
    return sorted(path for path in folder.iterdir() if _LEFTOVER.fullmatch(path.name)) if folder.is_dir() else []


def _steps(path: Path) -> int:
    """The environment steps of a snapshot's name; 0 of another name."""
    return steps_of(path) or 0


def _may_be_one(path: Path) -> bool:
    """A directory, or what cannot be looked at now and may be one."""
    try:
        return path.is_dir()
    except OSError:
        return True


def _looks_good(path: Path) -> Manifest | None:
    """The manifest where it can be believed and every file has its size."""
    try:
        manifest = read_manifest(path)
        sizes = {name: (path / name).stat().st_size for name in manifest.files}
    except (OSError, BadSnapshotError):
        return None
    return manifest if all(manifest.files[name].get("bytes") == size for name, size in sizes.items()) else None
