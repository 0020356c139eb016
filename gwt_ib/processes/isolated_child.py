"""The other side of `isolated`: a process that runs user code for a command, says how far it is, and answers.

Started as `python -m gwt_ib.processes.isolated_child PARENT QUESTION ANSWERS TASK`.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from gwt_ib.config import Config
from gwt_ib.envs.check import Stage
from gwt_ib.envs.make import check_environment
from gwt_ib.envs.replay import play_again
from gwt_ib.errors import UserError, message_of
from gwt_ib.processes.children import die_with_parent

Task = Callable[[Mapping[str, Any], Stage], dict[str, Any]]


def check(request: Mapping[str, Any], stage: Stage) -> dict[str, Any]:
    """Check the environment of a configuration."""
    try:
        return {"spec": check_environment(Config(**request["config"]), stage).as_dict()}
    except UserError as error:
        # An Exception has its text in the sentence; for others what was printed may say more.
        unusual = error.__cause__ is not None and not isinstance(error.__cause__, Exception)
        return {"message": error.message, "code": int(error.code), "unusual": unusual}


def play_incident(request: Mapping[str, Any], stage: Stage) -> dict[str, Any]:
    """Play a failed episode again."""
    config = Config(env_id=request["env_id"], prev_action=request["prev_action"])
    done = play_again(config, request["seed"], request["actions"], stage)
    failure = done.failure
    described = None if failure is None else {"type": type(failure).__name__, "text": message_of(failure)}
    return {"steps": done.steps, "ended": done.ended, "failure": described, "failed_step": done.failed_step}


TASKS: dict[str, Task] = {"check": check, "incident": play_incident}


def main(arguments: list[str]) -> None:
    """Entry of the process."""
    parent, question, descriptor, task = arguments
    die_with_parent(int(parent))  # and so a KeyboardInterrupt in it is the environment's own
    with os.fdopen(int(question), "rb") as file:
        request = json.load(file)
    answers, ours = int(descriptor), os.getpid()
    os.set_inheritable(answers, False)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # typed as TextIO, which need not have it

    def send(**message: Any) -> None:
        if os.getpid() == ours:  # and not one that the environment forked, and which came back into our code
            os.write(answers, json.dumps(message).encode() + b"\n")

    answer = TASKS[task](request, lambda call: send(stage=call))
    send(answer=answer)
    # What is to be done at exit is done, but no thread and no process of the environment is waited for.
    with suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
