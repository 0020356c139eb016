"""What an engine does with a `RayExecutor`, as a program: trains runs until none is left; INT stops it. It prints JSON."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from gwt_ib.cluster.nodes import differences
from gwt_ib.errors import UserError
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.sweeps.nodes import node_room
from gwt_ib.sweeps.nodes.on_ray import RayExecutor


def tell(**values: Any) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def main(address: str, mode: str, *paths: str) -> None:
    if mode == "other":  # as if all nodes had other versions
        node_room.differences = lambda here, there: differences({**here, "numba": "0.0.1"}, there)
    runs = [RunDirectory(Path(path)) for path in paths]
    asked: list[int] = []
    signal.signal(signal.SIGINT, lambda *_: asked.append(1))
    executor = RayExecutor(address)
    try:
        tell(checked=executor.check([run.read_config() for run in runs]))
        waiting, training = list(runs), 0
        while training or (waiting and not asked):
            if asked and asked[0]:
                asked[0] = 0
                executor.stop()
            while waiting and executor.room() and not asked:
                executor.start(waiting.pop(0), resume=mode == "resume")
                training += 1
            for ended in executor.tend(0.1):
                training -= 1
                tell(run=ended.run.name, code=int(ended.code), message=ended.message, lost=ended.lost)
                if ended.lost:
                    mode = "resume"
                    waiting.append(ended.run)
    except UserError as error:
        tell(code=int(error.code), message=error.message)
    finally:
        executor.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
