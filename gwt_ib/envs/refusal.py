"""Why an environment cannot be used, as one sentence (`UserError`, exit code 78)."""

from __future__ import annotations

import signal

from gwt_ib.errors import ExitCode, UserError, error_text
from gwt_ib.text import plain


def refusal(env_id: str, what: str, error: BaseException | None = None) -> UserError:
    """What is wrong with an environment, and the exception that showed it."""
    reason = "" if error is None else f": {error_text(error)}"
    return UserError(f"The environment {env_id!r} {what}{reason}.", ExitCode.BAD_CONFIGURATION)


def failed_call(env_id: str, what: str, call: str, error: BaseException) -> UserError:
    """That a call raised an exception: `what` says what cannot be done, `call` names what was called."""
    if isinstance(error, SystemExit):
        given = "" if error.code is None else plain(repr(error.code), 200)
        return refusal(env_id, f"ended its process with sys.exit({given}) in {call}")
    return refusal(env_id, what, error)


def is_ctrl_c(error: BaseException) -> bool:
    """Whether an exception may be the user's Ctrl-C, and is thus no failure of the environment in which it came.

    Actors and the like ignore that signal, so there it is the environment's own.
    """
    return isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is signal.default_int_handler
