"""The check of an environment by a command, in a process of its own: every way to fail becomes one sentence.

Started as `python -m gwt_ib.processes.check` this is that process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gwt_ib.config import Config
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.child_answer import Stage, answer_call
from gwt_ib.processes.child_call import Outcome, call_in_child


def to_stderr(line: str) -> None:
    """Write a line where messages go, if anybody is there."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def check_in_child(
    config: Config,
    *,
    cwd: Path | None = None,
    show: Callable[[str], None] = to_stderr,
    given_up: Callable[[], bool] = lambda: False,
) -> EnvironmentSpec:
    """Make the environment in a child, reset it and step it (`envs.check`). Raises `UserError` where a run would fail.

    What an environment prints that passes is handed to `show`, line by line; of one that does not, the sentence has the
    last line where that helps. It has `start_timeout_s`. Ctrl-C ends the child and raises `UserError` (130); in a thread,
    which gets no Ctrl-C, `given_up` ends it.
    """
    request = {"config": config.model_dump(mode="json")}
    try:
        outcome = call_in_child(
            "gwt_ib.processes.check", request, timeout_s=config.start_timeout_s, cwd=cwd, given_up=given_up
        )
    except KeyboardInterrupt:
        raise UserError("Interrupted while the environment was checked.", ExitCode.ENDED_BY_INT) from None
    if outcome.refusal is not None:
        raise outcome.refusal
    if outcome.answer is None:
        raise _without_answer(config, outcome)
    for line in outcome.printed_lines():
        show(line)
    return EnvironmentSpec.from_dict(outcome.answer)


def check_here(request: Mapping[str, Any], stage: Stage) -> dict[str, Any]:
    """The child's work."""
    from gwt_ib.envs.make import check_environment

    return check_environment(Config(**request["config"]), stage).as_dict()


def _without_answer(config: Config, outcome: Outcome) -> UserError:
    in_time = outcome.code is not None
    if not outcome.stage:
        how = outcome.ending() if in_time else "did not start in time"
        sentence = f"The process that checks the environment {how}.{outcome.last_words}"
        return UserError(sentence, ExitCode.RESOURCES_USED_UP)
    how = (
        outcome.ending()
        if in_time
        else f"did not come back from {outcome.stage} within {config.start_timeout_s:g} s; "
        "start_timeout_s sets how long it may take"
    )
    return UserError(f"The environment {config.env_id!r} {how}.{outcome.last_words}", ExitCode.BAD_CONFIGURATION)


if __name__ == "__main__":
    answer_call(check_here)
