"""Makes `recorded_run_dir/`, the run that the pictures are taken of: a real run, steered, without what names a machine.

.venv/bin/python tests/tui/record_a_run.py
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from gwt_ib.runs.jsonl import read_records

TARGET = Path(__file__).parent / "recorded_run_dir"
NAME = "popgym-RepeatPreviousEasy-v0__s42__20261123-031500-5eed"
UPDATES = 60
LAUNCH = [
    *("launch", "popgym-RepeatPreviousEasy-v0", "--headless", "--seed", "42", "--set", "lr=1e-3"),
    *("--set", "eval_every=5", "--set", "eval_gate_share=0.2", "--total-timesteps", str(UPDATES * 4096)),
]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "gwt_ib_tui", *words]


def recorded(folder: Path) -> Path:
    """A run of a minute: trained, paused, changed, saved and evaluated on the way."""
    run = folder / NAME
    training = subprocess.Popen(command(*LAUNCH, "--run-dir", str(run)), stdout=subprocess.DEVNULL)
    for update, words in (
        (15, [("pause", str(run)), ("unpause", str(run))]),
        (25, [("snapshot", str(run))]),
        (35, [("set", str(run), "lambda_c=0.2")]),
        (45, [("evaluate", str(run), "--now")]),
    ):
        while len(read_records(run / "metrics.jsonl") if run.exists() else []) < update:
            time.sleep(0.1)
        for each in words:
            subprocess.run(command(*each), check=True, stdout=subprocess.DEVNULL)
    assert training.wait() == 0
    return run


def without_machine(value: Any, run: Path) -> Any:
    """The same without the paths and numbers of the machine that it was made on."""
    if isinstance(value, str):
        return value.replace(str(run), f"runs/{NAME}")
    if isinstance(value, list):
        return [without_machine(entry, run) for entry in value]
    if isinstance(value, dict):
        return {name: without_machine(entry, run) for name, entry in value.items()}
    return value


def main() -> None:
    """Record, clean, and put it in place."""
    with tempfile.TemporaryDirectory() as folder:
        run = recorded(Path(folder))
        shutil.rmtree(TARGET, ignore_errors=True)
        (TARGET / "logs").mkdir(parents=True)
        for name in ("config.json", "gatecheck.json", "metrics.jsonl"):
            shutil.copy(run / name, TARGET / name)
        record = without_machine(json.loads((run / "run.json").read_text()), run)
        record |= {"host": "elsewhere", "pids": {"trainer": 100, "learner": 101}, "git_commit": None}
        record["actors"] = [actor | {"pid": 102 + number} for number, actor in enumerate(record["actors"])]
        (TARGET / "run.json").write_text(json.dumps(record, indent=2) + "\n")
        events = [without_machine(event, run) for event in read_records(run / "events.jsonl")]
        (TARGET / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
        for log in (run / "logs").iterdir():
            words = log.read_text().replace(str(run), f"runs/{NAME}")
            (TARGET / "logs" / log.name).write_text(words.replace(f" on {socket.gethostname()} ", " on elsewhere "))


if __name__ == "__main__":
    main()
