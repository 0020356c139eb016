"""The folders that environments work in: each finds itself again where it has gone, and moves nobody else.

A simulator goes to the folder of its data files and opens them by name in a later call. A process has one working
folder for everything in it; so it is switched around the calls of an environment that has moved. Where none has, the
only cost is a look at each reset.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def working_folder() -> str:
    """The path of the process's working folder; empty where it has been deleted."""
    try:
        return os.getcwd()  # noqa: PTH109 - a string is wanted
    except OSError:
        return ""


START = working_folder()
"""Where the process was started: an environment may have gone elsewhere since."""


class Folders:
    """The working folders of a number of environments in this process."""

    def __init__(self, size: int) -> None:
        """Whatever is imported for the environments has been imported: that may have moved as well."""
        self.moved = False  # some environment has gone somewhere
        self._home = _opened()
        self._home_is = working_folder()
        self._at: list[int | None] = [None] * size  # a descriptor, as the folder may be renamed or deleted
        self._is = [self._home_is] * size

    def enter(self, i: int) -> None:
        """Go to where environment `i` works."""
        there = self._at[i]
        if there is not None:
            _go(there)
        elif working_folder() != self._home_is:  # another went away within a step, when nobody looked
            self.moved = True
            self._go_home()

    def leave(self, i: int) -> None:
        """See where environment `i` has gone, and go back."""
        now = working_folder()
        if now != self._is[i]:
            self.moved = True
            self.forget(i)
            if now != self._home_is:
                self._at[i], self._is[i] = _opened(), now
        if self.moved:
            self._go_home()

    def inside(self, i: int, call: Callable[P, R]) -> Callable[P, R]:
        """`call`, made where environment `i` works."""

        def called(*arguments: P.args, **named: P.kwargs) -> R:
            self.enter(i)
            try:
                return call(*arguments, **named)
            finally:
                self.leave(i)

        return called

    def forget(self, i: int) -> None:
        """The next environment in this place begins at home."""
        there, self._at[i], self._is[i] = self._at[i], None, self._home_is
        if there is not None:
            os.close(there)

    def close(self) -> None:
        """Give all descriptors back."""
        for i in range(len(self._at)):
            self.forget(i)
        if self._home is not None:
            os.close(self._home)
            self._home = None

    def _go_home(self) -> None:
        if self._home is not None:
            _go(self._home)


def _go(descriptor: int) -> None:
    with suppress(OSError):  # no longer allowed: it stays where it is
        os.fchdir(descriptor)


def _opened() -> int | None:
    try:
        return os.open(".", getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
