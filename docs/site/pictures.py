"""Make README's pictures from a run of the command beside them, by the code as it is: `make pictures`.

The run is made in a folder that is thrown away, or in the one that is given (`make pictures ARGS=DIR`): a second call
draws a finished run there again without training it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent.parent
COMMAND = ("launch", "popgym-RepeatPreviousEasy-v0", "--set", "lr=1e-3", "--seed", "1")
"""The command whose run README's pictures show; README names it."""
PICTURES = {"dashboard.svg": "live", "gate.svg": "gate", "gatecheck.svg": "check"}
"""File -> screen."""
NAME = "popgym-RepeatPreviousEasy-v0__s1"


def gwt_ib_tui(*arguments: str) -> None:
    """Run a command of the package that is imported here. Raises `CalledProcessError`."""
    subprocess.run([sys.executable, "-m", "gwt_ib_tui", *arguments], check=True, stdin=subprocess.DEVNULL)


def make_pictures(folder: Path, docs: Path = DOCS) -> None:
    """Train the run in `folder`, unless it is there, and write every picture into `docs`."""
    run = folder / NAME
    if not run.exists():
        gwt_ib_tui(*COMMAND, "--headless", "--run-dir", str(run))
    for file, screen in PICTURES.items():
        gwt_ib_tui("picture", str(run), str(docs / file), "--screen", screen)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        make_pictures(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            make_pictures(Path(folder))
