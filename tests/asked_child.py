"""A child that answers one call by doing what the request names: for the tests of calls in a child."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.child_call import answer_call


def work(request: dict[str, Any]) -> dict[str, Any]:
    what = request["what"]
    if what == "print":
        sys.stdout.write("\x1b[31mloud\x1b[0m " + "x" * request["length"] + "\n")
        sys.stdout.flush()
        os.write(1, b"raw words\n")
    elif what == "sys.exit":
        sys.exit(0)
    elif what == "os._exit":
        os._exit(0)
    elif what == "raise":
        raise RuntimeError("it \x1b[31mbroke")
    elif what == "refuse":
        raise UserError("No \x1b[2Jsuch thing.", ExitCode.BAD_CONFIGURATION)
    elif what == "hang":
        time.sleep(1000)
    elif what == "leave":
        started = [
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=new)
            for new in (False, True)
        ]
        return {"pids": [process.pid for process in started]}
    return {"stdin": sys.stdin.read(), "session": os.getsid(0), "modules": sorted(sys.modules)}


if __name__ == "__main__":
    answer_call(work)
