"""Errors that a user can act on, and the exit codes of the command line (README.md)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of the command line."""

    DONE = 0
    BUG = 1
    USAGE = 2
    GATECHECK_NOT_PASSED = 3
    BAD_DATA = 65
    RESOURCES_USED_UP = 69
    LEARNER_FAILED = 70
    CANNOT_CREATE_RUN = 73
    INPUT_OUTPUT = 74
    LOCKED = 75
    BAD_CONFIGURATION = 78
    ENDED_BY_HUP = 129
    ENDED_BY_INT = 130
    ENDED_BY_TERM = 143


class UserError(Exception):
    """An error whose one or two sentences are all that the user has to see; `code` becomes the exit code."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def error_text(error: BaseException, limit: int = 300) -> str:
    """An exception's type and text on one line of printable characters, whatever its text is."""
    if isinstance(error, TypeError) and isinstance(error.__cause__, TypeError):
        error = error.__cause__  # Gymnasium's own text repeats the sentence around it
    words = " ".join(f"{type(error).__name__}: {message_of(error)}".split()).rstrip(" .:")
    words = "".join(letter if letter.isprintable() else "?" for letter in words)
    return words if len(words) <= limit else f"{words[: limit - 3]}..."


def message_of(error: BaseException) -> str:
    """An exception's text as it is; empty where an environment's own exception cannot be put into words."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - whatever its __str__ raises
        return ""


def near_words(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known words nearest to `word`, the nearest first; none where none is near."""
    by_lower = {name.lower(): name for name in known}
    return [by_lower[name] for name in difflib.get_close_matches(word.lower(), by_lower, n=count, cutoff=0.55)]


def nearest(word: str, known: Iterable[str], count: int = 3) -> str:
    """A sentence that names the known words nearest to `word`, with a leading space; empty when none is near."""
    close = near_words(word, known, count)
    return f" Did you mean {' or '.join(close)}?" if close else ""
