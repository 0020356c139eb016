"""The runs of a figure, as groups: seeds of one setting are one group, under the words in which it differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.results.notes import short
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.labels import read_labels
from gwt_ib.runs.settings import differing, groups_of, setting_words
from gwt_ib.text import plain

LONGEST_LABEL = 60
ALIKE = "runs"
"""A group that differs in its task alone."""


@dataclass(frozen=True)
class Group:
    """Runs that are drawn as one line. `task` is empty where all groups of a figure are of one task."""

    label: str
    runs: tuple[RunDirectory, ...]
    task: str = ""

    @property
    def title(self) -> str:
        """Of a panel that shows this group alone."""
        return ", ".join(filter(None, (self.task, self.label if self.label != ALIKE or not self.task else "")))


def grouped(
    runs: Sequence[RunDirectory],
    *,
    single: bool = False,
    labels: Sequence[str] = (),
    arms: Mapping[RunDirectory, str] | None = None,
) -> list[Group]:
    """The groups by first appearance, or each run as its own with `single`.

    A group is called by the name that the user has given to all of its runs, else by their arm of a sweep, else by its
    settings; or by `labels`, one for each line in their order, where lines of one setting on several tasks are one.
    Raises `UserError` (2) where they are not as many.
    """
    configs = [_config_of(run) for run in runs]
    places = [(place,) for place in range(len(runs))] if single else groups_of(configs)
    first = [configs[members[0]] for members in places]
    tasks = ["" if config is None else short(config.env_id) for config in first]
    several = len(set(tasks)) > 1
    differs = differing(first, local=False)
    own = [
        _label([runs[place] for place in members], arms or {}, task, values, several)
        for members, task, values in zip(places, tasks, differs, strict=True)
    ]
    if single:
        own = _told_apart(own, tasks, [runs[members[0]] for members in places], first)
    if labels:
        own = _renamed(own, labels, several)
    return [
        Group(plain(label, LONGEST_LABEL), tuple(runs[place] for place in members), task if several else "")
        for label, members, task in zip(own, places, tasks, strict=True)
    ]


def _label(
    runs: Sequence[RunDirectory],
    arms: Mapping[RunDirectory, str],
    task: str,
    values: Sequence[tuple[str, object]],
    several: bool,
) -> str:
    """The name or arm of all runs; else in what they differ from others but for the task; else the task, or the run."""
    for names in ({read_labels(run).name for run in runs}, {arms.get(run, "") for run in runs}):
        if len(names) == 1 and (name := names.pop()):
            return name
    words = setting_words([pair for pair in values if pair[0] != "env_id"])
    return words or (ALIKE if several and task else task or runs[0].name)


def _told_apart(
    labels: Sequence[str], tasks: Sequence[str], runs: Sequence[RunDirectory], configs: Sequence[Config | None]
) -> list[str]:
    """Single runs of one setting and task differ in their seed, else in their name."""
    lines = list(zip(labels, tasks, strict=True))
    seeded = [
        line[0] if config is None or lines.count(line) == 1 else f"{line[0]} seed {config.seed}"
        for line, config in zip(lines, configs, strict=True)
    ]
    lines = list(zip(seeded, tasks, strict=True))
    return [run.name if lines.count(line) > 1 else line[0] for line, run in zip(lines, runs, strict=True)]


def _renamed(own: Sequence[str], labels: Sequence[str], several: bool) -> list[str]:
    lines = list(dict.fromkeys(own)) if several else list(own)
    if len(labels) != len(lines):
        raise UserError(f"There are {len(lines)} lines and {len(labels)} labels: give one for each.", ExitCode.USAGE)
    return [labels[lines.index(label)] for label in own] if several else list(labels)


def _config_of(run: RunDirectory) -> Config | None:
    try:
        return run.read_config()
    except UserError:
        return None
