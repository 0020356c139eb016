"""What a shell completes for a run: `latest`, names under runs/ and labels; imports nothing heavy, and never fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("runs")  # as in `gwt_ib.runs.directory`, whose import takes longer than a shell should wait


@dataclass(frozen=True)
class _Run:
    path: Path

    @property
    def labels(self) -> Path:
        return self.path / "labels.json"


def complete_run(incomplete: str) -> list[str]:
    """The words for RUN that begin with what is typed; a path is left to the shell's own completion of files."""
    return sorted(word for word in set(_words()) if word.startswith(incomplete))


def _words() -> Iterator[str]:
    from gwt_ib.runs.labels import LATEST, read_labels

    try:
        found = [Path(entry.path) for entry in os.scandir(FOLDER) if not entry.name.startswith(".")]
    except OSError:
        return
    for path in found:
        if (path / "run.json").is_file():
            yield path.name
            if name := read_labels(_Run(path)).name:
                yield name
    if found:
        yield LATEST
