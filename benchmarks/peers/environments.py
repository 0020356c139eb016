"""A virtual environment for each peer, made when it is first needed, from pinned requirements.

They lie in `.peers/<name>` at the root of the checkout. A file `<name>.source.txt` beside the requirements names what is
built from source afterwards, without its own dependencies. Which package index is used is pip's configuration.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1] / ".peers"
REQUIREMENTS = HERE / "requirements"


def python_of(name: str) -> Path:
    """The interpreter of an environment, installed if it is not there or its requirements have changed.

    Raises `subprocess.CalledProcessError` when pip fails; what it said is on stderr.
    """
    folder = ROOT / name
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    wanted = _fingerprint(name)
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    sys.stderr.write(f"installing {name} into {folder}: a download of some hundred megabytes, once\n")
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", REQUIREMENTS / f"{name}.txt"], check=True, stdout=sys.stderr)
    if _source(name).is_file():
        subprocess.run(
            [*pip, "--no-deps", "--no-build-isolation", "--requirement", _source(name)],
            check=True,
            stdout=sys.stderr,
            env={**os.environ, "NO_OCEAN": "1", "PYTHONPATH": str(HERE / "source_build")},
        )
    stamp.write_text(wanted)
    return python


def _source(name: str) -> Path:
    return REQUIREMENTS / f"{name}.source.txt"


def _fingerprint(name: str) -> str:
    files = [path for path in (REQUIREMENTS / f"{name}.txt", _source(name)) if path.is_file()]
    text = "".join(path.read_text() for path in files) + sys.version
    return hashlib.sha256(text.encode()).hexdigest()
