"""The terminal: whether a dashboard can be shown in it, how it asks us to leave, and everything that is printed there.

Commands print by the functions of this module only: nothing that comes from a file, an environment or an exception can
move a cursor, change a colour or the direction of writing.
"""

from __future__ import annotations

import codecs
import json
import locale
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, TextIO

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.text import plain, visible
from gwt_ib_tui.fallbacks import FALLBACKS, in_ascii, shows_unicode

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

HUNG_UP_S = 1.0  # between two looks at whether the terminal is gone
NARROW = "gwt-ib-narrow"
"""The name of the error handler that writes a character which an encoding lacks as one of ASCII, a cell for a cell."""
PLAIN_WORDS = "gwt-ib-plain-words"
"""The name of that for printed words, in which a letter that the encoding lacks is an escape."""

_asked: list[int] = []  # the signals that have come
_in_ascii = False  # the dashboard of this process draws in ASCII


def need_terminal(run: Path) -> None:
    """Raises `UserError` where no dashboard can be shown, with what to do instead for the run in this directory."""
    if reason := why_no_dashboard():
        raise UserError(
            f"The dashboard needs a terminal, but {reason}; `gwt-ib-tui status {run}` works without one.",
            ExitCode.USAGE,
        )


def why_no_dashboard() -> str:
    """Why there can be no dashboard, or an empty text."""
    if os.environ.get("CI"):
        return "CI is set"
    if os.environ.get("TERM") == "dumb":
        return "TERM is dumb"
    for stream, name in ((sys.stdin, "stdin"), (sys.stdout, "stdout"), (sys.stderr, "stderr")):
        if stream is None or not stream.isatty():
            return f"{name} is no terminal"
    return ""


def leave_on_signals(leave: Callable[[], object]) -> None:
    """Call `leave` in the running event loop when asked to end from outside.

    Textual restores the terminal on SIGINT only; a closed terminal or a kill must leave it clean, too.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    # Outside the main thread, as in some tests, there are no handlers to be had.
    with suppress(ValueError, NotImplementedError, RuntimeError):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            loop.add_signal_handler(number, leave)
    if sys.__stdin__ is not None and sys.__stdin__.isatty():
        leave_when_hung_up(loop, leave, sys.__stdin__.fileno())


def leave_when_hung_up(loop: AbstractEventLoop, leave: Callable[[], object], descriptor: int) -> None:
    """Call `leave` once the terminal is gone: the kernel sends a hang-up only to a session whose terminal it was.

    Without one Textual reads the end of its input again and again, with a whole core, for ever.
    """
    poll = select.poll()
    poll.register(descriptor, 0)  # an error and a hang-up are told unasked

    def look() -> None:
        if poll.poll(0):
            leave()
        else:
            loop.call_later(HUNG_UP_S, look)

    look()


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """INT, TERM and HUP end what is done inside by an exception, so that nothing is left half done.

    A hang-up that is ignored stays ignored: that is how nohup works. A job in the background of a script starts with INT
    ignored; a run obeys it all the same, and so from its first moment on. An exception may be lost in a callback of
    Python's own, as there are many during imports: `leave_if_asked` raises it again.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        _asked.append(number)
        leave_if_asked()

    handlers = {}
    with suppress(ValueError):  # outside the main thread there are no handlers to be had
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            known = signal.getsignal(number)
            ignored = known == signal.SIG_IGN and number == signal.SIGINT
            if ignored or known in (signal.SIG_DFL, signal.default_int_handler):
                handlers[number] = signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def leave_if_asked() -> None:
    """Leave where a signal has asked for it: called before something is begun that somebody would have to end."""
    if _asked:
        raise KeyboardInterrupt if _asked[0] == signal.SIGINT else SystemExit(128 + _asked[0])


def prepare_streams() -> None:
    """Make stdin, stdout and stderr take anything: closed ones, a locale without UTF-8, half characters in a name."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by the shell, as in `>&-`
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process
    codecs.register_error(PLAIN_WORDS, _plain_words)
    plainly = not shows_unicode(os.environ)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # a test's own stream
            # What goes into a file or another program stays in UTF-8, whatever this terminal shows.
            encoding = "ascii" if plainly and stream.isatty() else None
            stream.reconfigure(encoding=encoding, errors=PLAIN_WORDS)  # type: ignore[union-attr]  # typed as TextIO
    sys.excepthook = _print_bug


def prepare_screen() -> None:
    """Where the terminal or its encoding lacks characters, a dashboard shows others that are as wide."""
    global _in_ascii
    codecs.register_error(NARROW, _narrow)
    _in_ascii = not draws_unicode()
    with suppress(AttributeError, ValueError):
        if sys.__stderr__ is not None:  # which Textual draws on
            sys.__stderr__.reconfigure(encoding="ascii" if _in_ascii else None, errors=NARROW)


def draws_unicode() -> bool:
    """Whether a dashboard here may draw more than ASCII; a browser always shows it."""
    if "web_driver" in os.environ.get("TEXTUAL_DRIVER", ""):
        return True
    return locale.getencoding().lower().startswith("utf") and shows_unicode(os.environ)


def in_plain_screen() -> bool:
    """Whether the dashboard of this process draws in ASCII, as `prepare_screen` has found; a picture never does."""
    return _in_ascii


def clipboard_words() -> str:
    """What can be said of a copy: the terminal is asked for it (OSC 52) and never answers; some have no clipboard."""
    term, program = os.environ.get("TERM", ""), os.environ.get("TERM_PROGRAM", "")
    none = term.startswith(("linux", "vt", "cons25")) or program == "Apple_Terminal"
    return "no clipboard here" if none else "to clipboard"


def print_line(words: str = "", *, err: bool = False) -> bool:
    """Print escaped words where that is possible, and say whether it was: for words that nobody has to get.

    A terminal that was closed under a dashboard, a full disk or a reader that is gone take no words, and cost nothing.
    """
    try:
        write(visible(words) + "\n", sys.stderr if err else sys.stdout)
    except OSError:
        return False
    return True


def print_result(words: str = "") -> None:
    """Print escaped words that were asked for on stdout. Raises `OSError` where they could not be written."""
    write(visible(words) + "\n", sys.stdout)


def json_line(value: object) -> str:
    """A value as JSON on one line, in ASCII and without control characters. What is no JSON number is null.

    Raises `UserError` (65) for what is nested too deeply.
    """
    try:
        try:
            text = json.dumps(value, allow_nan=False)
        except ValueError:
            text = json.dumps(json.loads(json.dumps(value), parse_constant=lambda _: None), allow_nan=False)
    except RecursionError:
        raise UserError("What was recorded is nested too deeply to be shown.", ExitCode.BAD_DATA) from None
    return text.replace("\x7f", "\\u007f")  # the one control character that JSON may hold


def print_json(value: object) -> None:
    """Print a value on stdout as `json_line`. Raises `OSError` where it could not be written."""
    write(json_line(value) + "\n", sys.stdout)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = ()) -> None:
    """Print a table, as wide as it needs to be where the output is no terminal: a name that is cut cannot be used."""
    import io

    from rich.console import Console
    from rich.table import Table

    table = Table(box=None)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left")
    for row in rows:
        table.add_row(*map(plain, row))
    known = Console(highlight=False, markup=False)  # what it finds out about our stdout is used
    lines = io.StringIO()
    console = Console(file=lines, force_terminal=known.is_terminal, width=known.width, highlight=False, markup=False)
    if not known.is_terminal:
        console.width = max(known.width, console.measure(table, options=console.options.update(width=10_000)).maximum)
    console.print(table)
    write(lines.getvalue(), sys.stdout)


def write(text: str, stream: TextIO) -> None:
    """Write text at once. Raises `OSError`; what could not be written is dropped, and not tried again at exit."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        _drop(stream)
        raise


def _drop(stream: TextIO) -> None:
    """Empty a stream's buffer into nowhere."""
    with suppress(OSError, ValueError, AttributeError):
        descriptor = stream.fileno()
        kept, nowhere = os.dup(descriptor), os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.dup2(nowhere, descriptor)
            stream.flush()
        finally:
            os.dup2(kept, descriptor)
            os.close(kept)
            os.close(nowhere)


def _print_bug(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    """A traceback, which may quote anything."""
    print_line("".join(traceback.format_exception(kind, error, where)).rstrip(), err=True)


def _narrow(error: UnicodeError) -> tuple[str, int]:
    """For a screen: a cell for a cell, whatever it costs."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return in_ascii(error.object[error.start : error.end]), error.end


def _plain_words(error: UnicodeError) -> tuple[str, int]:
    """For what is printed: what we draw as ASCII, and a letter of a name as an escape, from which it can be had back."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    escaped = (letter.encode("ascii", "backslashreplace").decode() for letter in letters)
    return "".join(FALLBACKS.get(letter) or word for letter, word in zip(letters, escaped, strict=True)), error.end
