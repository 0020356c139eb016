"""A child that answers one call by doing what the request names: for the tests of calls in a child."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.child_answer import Stage, answer_call


class _Mute(Exception):
    def __str__(self) -> str:
        raise ValueError


def end_it(how: str, stage: Stage) -> None:
    if how == "sys.exit":
        sys.exit(0)
    elif how == "os._exit":
        stage("its way out")
        os._exit(0)
    elif how == "raise":
        raise RuntimeError("it \x1b[31mbroke")
    elif how == "raise without words":
        raise _Mute
    elif how == "signal":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif how == "refuse":
        raise UserError("No \x1b[2Jsuch thing.", ExitCode.BAD_CONFIGURATION)
    elif how == "hang":
        time.sleep(1000)


def work(request: Mapping[str, Any], stage: Stage) -> dict[str, Any]:
    what = request["what"]
    end_it(what, stage)
    if what == "print":
        sys.stdout.write("\x1b[31mloud\x1b[0m " + "x" * request["length"] + "\n")
        sys.stdout.flush()
        os.write(1, b"raw words\n")
    elif what == "noise":
        stage("its noise")
        os.write(int(sys.argv[3]), b'{"answer": 3}\n[[[[\n\xff\n{"refused": 1, "answer": \n')
    elif what == "long":
        atexit.register(print, "it was told to end")
        return {"text": "x" * 3_000_000}
    elif what == "leave a flood":
        subprocess.Popen(["yes"], start_new_session=True)
    elif what == "leave":
        started = [
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=new)
            for new in (False, True)
        ]
        return {"pids": [process.pid for process in started]}
    return {"stdin": sys.stdin.read(), "session": os.getsid(0), "modules": sorted(sys.modules)}


if __name__ == "__main__":
    answer_call(work)
