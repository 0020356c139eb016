"""A run as a writer of exports sees it: its name among others, its settings, when it began, and what it was made with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gwt_ib.exports.names import sized
from gwt_ib.lenient import real
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.labels import Labels, read_labels
from gwt_ib.text import plain

NAME_LENGTH = 120


@dataclass(frozen=True, eq=False)
class Source:
    """One run. Its name is that of its directory without what cannot be printed, and differs from every other one's."""

    name: str
    run: RunDirectory
    settings: Mapping[str, bool | int | float | str]
    """What `config.json` says, as far as it is names with texts, flags and finite numbers."""
    made_with: Mapping[str, Any]
    """Git commit, versions and when it was made, in seconds since the epoch."""
    labels: Labels
    """What its user calls it. They may change at any time, so nothing is found by them."""

    @property
    def id(self) -> str:
        """The same for the same run whenever it is exported, for tools that know runs by an identifier."""
        return hashlib.sha256(f"{self.run.name} {self.made_with['created']}".encode(errors="replace")).hexdigest()[:16]

    def time_of(self, row: Mapping[str, Any]) -> float:
        """When a row was recorded, as if the run had never been interrupted; in seconds since the epoch."""
        return (self.made_with["created"] or 0.0) + (real(row.get("elapsed_s")) or 0.0)

    def as_dict(self) -> dict[str, Any]:
        """What a file beside the metrics says of the run."""
        labels = {"name": self.labels.name, "tags": list(self.labels.tags), "notes": self.labels.notes}
        return {"config": dict(self.settings), **self.made_with, "labels": labels}


def sources_of(runs: Iterable[RunDirectory]) -> list[Source]:
    """Each run once, in its order."""
    found: dict[str, Source] = {}
    seen = set()
    for run in runs:
        if (path := run.path.resolve()) in seen:
            continue
        seen.add(path)
        wanted = plain(run.name, NAME_LENGTH) or "run"
        names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(found) + 3)))
        name = next(name for name in names if name not in found)
        record = run.read_run()
        made_with = {
            "created": record.created,
            "git_commit": None if record.git_commit is None else plain(record.git_commit),
            "versions": {plain(each): version and plain(version) for each, version in record.versions.items()},
        }
        found[name] = Source(name, run, _settings(run.read_settings()), made_with, read_labels(run))
    return list(found.values())


def _settings(values: Mapping[str, Any]) -> dict[str, bool | int | float | str]:
    found: dict[str, bool | int | float | str] = {}
    for name, value in values.items():
        if not name.isidentifier() or not name.isascii() or name.startswith("_"):
            continue
        if isinstance(value, str):
            found[name] = plain(value)
        elif isinstance(value, bool) or real(value) is not None:
            found[name] = sized(value)
    return found
