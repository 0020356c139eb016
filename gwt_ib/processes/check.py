"""The check of an environment by a command, in a process of its own: every way to fail becomes one sentence."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gwt_ib.config import Config
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.isolated import Outcome, call_in_child


def to_stderr(line: str) -> None:
    """Write a line where messages go, if anybody is there."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def check_in_child(
    config: Config, *, cwd: Path | None = None, show: Callable[[str], None] = to_stderr
) -> EnvironmentSpec:
    """Make the environment in a child, reset it and step it (`envs.check`). Raises `UserError` where a run would fail.

    What an environment prints that passes is handed to `show`, line by line; of one that does not, the sentence has the
    last line where that helps. It has `start_timeout_s`. Ctrl-C ends the child and raises `UserError` (130).
    """
    request = {"config": config.model_dump(mode="json")}
    try:
        outcome = call_in_child("check", request, timeout_s=config.start_timeout_s, cwd=cwd)
    except KeyboardInterrupt:
        raise UserError("Interrupted while the environment was checked.", ExitCode.ENDED_BY_INT) from None
    answer = outcome.answer
    if answer is None:
        raise _without_answer(config, outcome)
    if "spec" not in answer:
        words = _last_words(outcome) if answer["unusual"] else ""
        raise UserError(f"{answer['message']}{words}", ExitCode(answer["code"]))
    for line in outcome.printed_lines():
        show(line)
    return EnvironmentSpec.from_dict(answer["spec"])


def how_it_ended(outcome: Outcome) -> str:
    """How a process ended that gave no answer: `was killed by SIGSEGV in reset`."""
    if outcome.code is None:
        raise ValueError("it did not end by itself")
    where = f" in {outcome.stage}" if outcome.stage else ""
    if outcome.code >= 0:
        return f"ended its process{where} with exit code {outcome.code}"
    try:
        name = signal.Signals(-outcome.code).name
    except ValueError:
        name = f"signal {-outcome.code}"
    return f"was killed by {name}{where}"


def _without_answer(config: Config, outcome: Outcome) -> UserError:
    words = _last_words(outcome)
    if not outcome.stage:
        how = "did not start in time" if outcome.code is None else how_it_ended(outcome)
        return UserError(f"The process that checks the environment {how}.{words}", ExitCode.RESOURCES_USED_UP)
    if outcome.code is None:
        how = (
            f"did not come back from {outcome.stage} within {config.start_timeout_s:g} s; "
            "start_timeout_s sets how long it may take"
        )
    else:
        how = how_it_ended(outcome)
    return UserError(f"The environment {config.env_id!r} {how}.{words}", ExitCode.BAD_CONFIGURATION)


def _last_words(outcome: Outcome) -> str:
    words = outcome.last_words
    return f" It printed last: {words}" if words else ""
