"""A model of what a power failure may leave: recorded file operations, and every state of the disk that they allow.

What POSIX promises, and no more. The content of a file is on the disk once the file was synced; of later writes any may be
missing, torn, or there. A name is made, moved or taken away on the disk once its directory was synced; of later changes
of names any may be missing, each by itself. A rename is one change: never half of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Protocol

Parts = tuple[str, ...]
Operation = tuple[str, tuple[Any, ...]]


class Chance(Protocol):
    """Chooses what survived."""

    def yes(self) -> bool:
        """Whether a change that was not synced is on the disk."""

    def below(self, limit: int) -> int:
        """Where something is cut off: from 0 up to `limit`."""


@dataclass(frozen=True)
class Named:
    """A directory entry that comes, goes or moves within one directory."""

    gone: str | None
    come: str | None
    inode: int | None


@dataclass(eq=False)
class Inode:
    """A file or a directory: how it is on the disk for sure, and what was done to it since."""

    directory: bool
    synced: Any
    """Of a file its bytes, of a directory its names."""
    later: list[Any] = field(default_factory=list)
    """Of a directory `Named`; of a file (offset, bytes), and a whole number for a new length."""

    def sync(self) -> None:
        """What was done is on the disk now."""
        self.synced, self.later = self.now(), []

    def now(self) -> Any:
        """How it looks to every program that runs."""
        return self._with(self.later)

    def after_power_loss(self, chance: Chance) -> Any:
        """One of the states in which it may be found."""
        survived = [change for change in self.later if chance.yes()]
        return self._with([self._torn(change, chance) for change in survived])

    @staticmethod
    def _torn(change: Any, chance: Chance) -> Any:
        return (change[0], change[1][: chance.below(len(change[1]))]) if isinstance(change, tuple) else change

    def _with(self, changes: list[Any]) -> Any:
        found: Any = dict(self.synced) if self.directory else bytearray(self.synced)
        for change in changes:
            if isinstance(change, Named):
                if change.gone is not None:
                    found.pop(change.gone, None)
                if change.come is not None:
                    found[change.come] = change.inode
            elif isinstance(change, int):
                del found[change:]
                found.extend(bytes(change - len(found)))
            else:
                offset, data = change
                found.extend(bytes(max(0, offset - len(found))))
                found[offset : offset + len(data)] = data
        return found


class Disk:
    """The inodes under one directory, changed as a program changes them."""

    def __init__(self) -> None:
        self._numbers = count()
        self.inodes: dict[int, Inode] = {}
        self.root = self._add(directory=True)

    def make(self, parts: Parts, directory: bool) -> None:
        """A new file or directory."""
        self._name(parts, Named(None, parts[-1], self._add(directory=directory)))

    def write(self, parts: Parts, offset: int | None, data: bytes) -> None:
        """Write into a file; at its end without an offset."""
        inode = self._find(parts)
        inode.later.append((len(inode.now()) if offset is None else offset, data))

    def truncate(self, parts: Parts, length: int) -> None:
        """Give a file another length."""
        self._find(parts).later.append(length)

    def sync(self, parts: Parts) -> None:
        """Sync a file or a directory."""
        self._find(parts).sync()

    def move(self, old: Parts, new: Parts) -> None:
        """Rename."""
        assert old[:-1] == new[:-1], "a rename between two directories is not in this model"
        self._name(old, Named(old[-1], new[-1], self._number(old)))

    def remove(self, parts: Parts) -> None:
        """Take a name away."""
        self._name(parts, Named(parts[-1], None, None))

    def write_out(self, folder: Path, chance: Chance | None = None) -> None:
        """Make a real tree of it: as every program sees it, or one of those that may be found after a power failure."""
        self._write_out(self.inodes[self.root], folder, chance)

    def _write_out(self, inode: Inode, path: Path, chance: Chance | None) -> None:
        content = inode.now() if chance is None else inode.after_power_loss(chance)
        if not inode.directory:
            path.write_bytes(bytes(content))
            return
        path.mkdir(exist_ok=True)
        for name, number in content.items():
            self._write_out(self.inodes[number], path / name, chance)

    def _add(self, *, directory: bool) -> int:
        number = next(self._numbers)
        self.inodes[number] = Inode(directory, {} if directory else b"")
        return number

    def _name(self, parts: Parts, change: Named) -> None:
        self._find(parts[:-1]).later.append(change)

    def _number(self, parts: Parts) -> int:
        number = self.root
        for part in parts:
            number = self.inodes[number].now()[part]
        return number

    def _find(self, parts: Parts) -> Inode:
        return self.inodes[self._number(parts)]


class Recording:
    """What was done under `root`, in order."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.operations: list[Operation] = []
        self.marks: dict[str, int] = {}
        """After how many operations something was said to be done."""

    def mark(self, what: str) -> None:
        """Remember that the program now takes something for done."""
        self.marks[what] = len(self.operations)

    def play(self, until: int | None = None) -> Disk:
        """The disk after so many operations."""
        disk = Disk()
        for name, arguments in self.operations[:until]:
            getattr(disk, name)(*arguments)
        return disk


@contextmanager
def recorded(root: Path) -> Iterator[Recording]:
    """Record what this process does to files under `root`, which is empty at first.

    It stands in for functions of `os`. What goes past them is found by `assert_complete`.
    """
    recorder = _Recorder(Recording(root))
    saved = {name: getattr(os, name) for name in _NOTES}
    try:
        for name, original in saved.items():
            setattr(os, name, recorder.replacement(name, original))
        yield recorder.recording
    finally:
        for name, original in saved.items():
            setattr(os, name, original)


def assert_complete(recording: Recording, scratch: Path) -> None:
    """The recorded operations lead to the tree that is there: nothing was written in a way that is not recorded."""
    recording.play().write_out(scratch)
    assert _tree(scratch) == _tree(recording.root)


def _tree(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


class _Recorder:
    """What stands in for functions of `os`: each does what it stands for, and notes what it did under the root."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._open: dict[int, tuple[Parts, int | None]] = {}  # of a descriptor: path, and where it writes next

    def replacement(self, name: str, original: Any) -> Callable[..., Any]:
        """What stands in for a function."""

        def replaced(*arguments: Any, **options: Any) -> Any:
            absent = name == "open" and not self._exists(arguments[0], options.get("dir_fd"))
            result = original(*arguments, **options)
            _NOTES[name](self, (result, absent), *arguments, **options)
            return result

        return replaced

    def opened(self, before: tuple[int, bool], path: Any, flags: int, *_: Any, dir_fd: int | None = None) -> None:
        descriptor, absent = before
        if (parts := self._parts(path, dir_fd)) is None:
            return
        self._open[descriptor] = (parts, None if flags & os.O_APPEND else 0)
        if absent and flags & os.O_CREAT:
            self._note("make", parts, False)
        elif flags & os.O_TRUNC:
            self._note("truncate", parts, 0)

    def closed(self, _: Any, descriptor: int) -> None:
        self._open.pop(descriptor, None)

    def written(self, before: tuple[int, bool], descriptor: int, data: Any) -> None:
        if descriptor in self._open:
            parts, offset = self._open[descriptor]
            self._note("write", parts, offset, bytes(data)[: before[0]])
            self._open[descriptor] = (parts, None if offset is None else offset + before[0])

    def synced(self, _: Any, descriptor: int) -> None:
        if descriptor in self._open:
            self._note("sync", self._open[descriptor][0])

    def shortened(self, _: Any, descriptor: int, length: int) -> None:
        if descriptor in self._open:
            self._note("truncate", self._open[descriptor][0], length)

    def moved(self, _: Any, old: Any, new: Any, **options: Any) -> None:
        old_parts, new_parts = self._parts(old, options.get("src_dir_fd")), self._parts(new, options.get("dst_dir_fd"))
        if old_parts is None or new_parts is None:
            return
        self._note("move", old_parts, new_parts)
        for descriptor, (parts, offset) in self._open.items():
            if parts[: len(old_parts)] == old_parts:
                self._open[descriptor] = ((*new_parts, *parts[len(old_parts) :]), offset)

    def made(self, _: Any, path: Any, *__: Any, dir_fd: int | None = None) -> None:
        if (parts := self._parts(path, dir_fd)) is not None:
            self._note("make", parts, True)

    def removed(self, _: Any, path: Any, dir_fd: int | None = None) -> None:
        if (parts := self._parts(path, dir_fd)) is not None:
            self._note("remove", parts)

    def _note(self, name: str, *arguments: Any) -> None:
        self.recording.operations.append((name, arguments))

    def _exists(self, path: Any, dir_fd: int | None) -> bool:
        with suppress(OSError):
            os.lstat(path, dir_fd=dir_fd) if dir_fd is not None else os.lstat(path)
            return True
        return False

    def _parts(self, path: Any, dir_fd: int | None = None) -> Parts | None:
        full = Path(os.fsdecode(path))
        if dir_fd is not None and not full.is_absolute():
            parent = self._open.get(dir_fd)
            return None if parent is None else (*parent[0], *full.parts)
        with suppress(ValueError):
            return full.absolute().relative_to(self.recording.root).parts
        return None


_NOTES: dict[str, Callable[..., None]] = {
    "open": _Recorder.opened,
    "close": _Recorder.closed,
    "write": _Recorder.written,
    "fsync": _Recorder.synced,
    "fdatasync": _Recorder.synced,
    "ftruncate": _Recorder.shortened,
    "rename": _Recorder.moved,
    "replace": _Recorder.moved,
    "mkdir": _Recorder.made,
    "unlink": _Recorder.removed,
    "remove": _Recorder.removed,
    "rmdir": _Recorder.removed,
}
