"""The other side of `child_call`: a process that runs user code for a command, says how far it is, and answers."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from gwt_ib.errors import UserError, message_of
from gwt_ib.processes.children import die_with_parent, leave

Stage = Callable[[str], None]
Work = Callable[[Mapping[str, Any], Stage], dict[str, Any]]


def answer_call(work: Work) -> None:
    """The main program of a child: answer one request by `work`, which tells its second argument what it calls next.

    A `UserError` becomes the caller's own.
    """
    parent, question, descriptor = map(int, sys.argv[1:4])
    die_with_parent(parent)  # and so a KeyboardInterrupt in it is the environment's own
    with os.fdopen(question, "rb") as file:
        request = json.load(file)
    ours = os.getpid()
    os.set_inheritable(descriptor, False)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # typed as TextIO, which need not have it

    def send(message: dict[str, Any]) -> None:
        if os.getpid() != ours:  # one that the environment forked, and which came back into our code
            return
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(descriptor, data) :]

    send(_outcome(work, request, lambda call: send({"stage": call})))
    leave()


def _outcome(work: Work, request: Mapping[str, Any], stage: Stage) -> dict[str, Any]:
    try:
        return {"answer": work(request, stage)}
    except UserError as error:
        # An Exception has its text in the sentence; for others what was printed may say more.
        unusual = error.__cause__ is not None and not isinstance(error.__cause__, Exception)
        return {"refused": error.message, "code": int(error.code), "unusual": unusual}
    except BaseException as error:  # noqa: BLE001 - user code may raise anything, SystemExit too
        traceback.print_exc()
        return {"failed": f"{type(error).__name__}: {message_of(error)}".removesuffix(": ")}
