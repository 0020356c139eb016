"""The runs of a figure, as groups: seeds of one setting are one group, under the words in which it differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.results.notes import short
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.labels import read_labels
from gwt_ib.runs.settings import differing, groups_of, setting_words
from gwt_ib.text import plain

LONGEST_LABEL = 60


@dataclass(frozen=True)
class Group:
    """Runs that are drawn as one line."""

    label: str
    runs: tuple[RunDirectory, ...]


def grouped(runs: Sequence[RunDirectory], *, single: bool = False, labels: Sequence[str] = ()) -> list[Group]:
    """The groups by first appearance, or each run as its own with `single`. `labels` are given in the groups' place.

    Without them a group is called by the name that the user has given to all of its runs, else by its settings.

    Raises `UserError` (2) where there are not as many labels as groups.
    """
    configs = [_config_of(run) for run in runs]
    places = [(place,) for place in range(len(runs))] if single else groups_of(configs)
    if labels and len(labels) != len(places):
        raise UserError(f"There are {len(places)} lines and {len(labels)} labels: give one for each.", ExitCode.USAGE)
    first = [configs[members[0]] for members in places]
    names = [{read_labels(runs[place]).name for place in members} for members in places]
    own = list(labels) or [
        next(iter(called))
        if len(called) == 1 and "" not in called
        else _label(runs[members[0]], config, _words(values), len(places))
        for members, config, values, called in zip(places, first, differing(first, local=False), names, strict=True)
    ]
    if single and not labels:
        own = _told_apart(own, [runs[members[0]] for members in places], first)
    return [
        Group(plain(label, LONGEST_LABEL), tuple(runs[place] for place in members))
        for label, members in zip(own, places, strict=True)
    ]


def _label(run: RunDirectory, config: Config | None, words: str, groups: int) -> str:
    if words and groups > 1:
        return words
    return run.name if config is None else short(config.env_id)


def _words(values: Sequence[tuple[str, object]]) -> str:
    """A task needs no name of its field."""
    task = [short(str(value)) for name, value in values if name == "env_id"]
    return " ".join(filter(None, (*task, setting_words([pair for pair in values if pair[0] != "env_id"]))))


def _told_apart(labels: list[str], runs: Sequence[RunDirectory], configs: Sequence[Config | None]) -> list[str]:
    """Single runs of one setting differ in their seed, else in their name."""
    seeded = [
        label if config is None or labels.count(label) == 1 else f"{label} seed {config.seed}"
        for label, config in zip(labels, configs, strict=True)
    ]
    return [run.name if seeded.count(label) > 1 else label for label, run in zip(seeded, runs, strict=True)]


def _config_of(run: RunDirectory) -> Config | None:
    try:
        return run.read_config()
    except UserError:
        return None
