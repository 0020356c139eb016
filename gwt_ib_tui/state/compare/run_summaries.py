"""The runs of a folder in a few words each, kept up to date in a thread that reads only what has changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.errors import UserError
from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.lenient import read_object, real
from gwt_ib.results.final_evaluation import FinalEvaluation
from gwt_ib.results.reference import task_of
from gwt_ib.runs.directory import RunDirectory, run_files
from gwt_ib.runs.labels import Labels, read_labels
from gwt_ib.runs.newest import newest_values
from gwt_ib.runs.record import ENDED, KILLED, Pulse, RunRecord
from gwt_ib.runs.settings import RUN_LOCAL, differing, setting_words
from gwt_ib.text import plain
from gwt_ib_tui.state.run.follower import Follower

Signature = tuple[tuple[int, int] | None, ...]
Pairs = tuple[tuple[str, Any], ...]
POPGYM = "popgym-"
NO_LABELS = Labels()
_GIVEN_BY_US = re.compile(r".+__s\d+__\d{8}T\d{6}Z-([0-9a-f]{4})")


@dataclass(frozen=True)
class RunSummary:
    """One run, as a list of runs has it."""

    directory: RunDirectory
    name: str
    """That of its directory."""
    info: RunRecord
    state: str
    env_steps: float | None
    ep100: float | None
    verdict: str
    gate: str
    """The verdicts, on training and on the gate."""
    evaluation: float | None = None
    """Mean return of the evaluation of its last snapshot, where there is one and it was not trained further since; else of
    the newest scheduled evaluation."""
    labels: Labels = NO_LABELS
    config: Config | None = None
    differs: Pairs = ()
    """Its values of the settings in which the runs of the list differ, but for task and seed, the most important first."""
    settings: Pairs = ()
    """The same, those first that the fewest of the runs have: what is peculiar to this one."""

    @property
    def progress(self) -> float | None:
        """Share of the run's environment steps that are done, from 0 to 1."""
        return self.info.share_done(self.env_steps)

    @cached_property
    def title(self) -> str:
        """What it is called: by its label, or by its directory, without what stands in other columns: task, seed, date."""
        found = _GIVEN_BY_US.fullmatch(self.name)
        name = self.name.removeprefix(f"{self.info.env_id}__").removesuffix(f"__s{self.info.seed}")
        return plain(self.labels.name or (name if found is None else found[1]), 300)

    @cached_property
    def task(self) -> str:
        """The task's id without what all of POPGym's have: `RepeatPreviousEasy`."""
        name = plain(self.info.env_id, 200)
        return name.removeprefix(POPGYM).removesuffix("-v0") if name.startswith(POPGYM) else name

    @cached_property
    def settings_words(self) -> str:
        """What is peculiar to it, in words."""
        return setting_words(self.settings)

    @cached_property
    def normalised(self) -> float | None:
        """Its ep100 as a share of the way from the task's floor to its ceiling; None where these are not known."""
        return task_of(self.info.env_id).normalised(self.ep100)

    @cached_property
    def words(self) -> str:
        """What a filter looks in, in small letters."""
        tags = (f"#{tag}" for tag in self.labels.tags)
        parts = (self.name, self.info.env_id, self.state, self.verdict, self.gate, f"s{self.info.seed}")
        return " ".join((*parts, self.labels.name, *tags)).lower()

    def has(self, word: str) -> bool:
        """Whether a word of a filter, in small letters, is found: `lr=0.001` by the setting, others as part of the words.

        A number has to be the whole one, of a text its beginning is enough.
        """
        field, equals, wanted = word.partition("=")
        if not equals or field not in Config.model_fields:
            return word in self.words
        if self.config is None:
            return False
        value = getattr(self.config, field)
        if isinstance(value, bool) or not isinstance(value, int | float):  # as it is typed
            return setting_words([(field, value)]).lower().startswith(word)
        with suppress(ValueError):
            return float(wanted) == value
        return False


@dataclass(frozen=True, eq=False)
class RunSummaries:
    """All runs of a folder at one moment, the newest first."""

    version: int = 0
    runs: tuple[RunSummary, ...] = ()
    now: float = 0.0

    def matching(self, words: str) -> tuple[RunSummary, ...]:
        """The runs that have every one of the words."""
        wanted = words.lower().split()
        return tuple(run for run in self.runs if all(run.has(word) for word in wanted))


class RunLister(Follower):
    """Looks through a folder of runs. `poll` does it once; `start` in a thread, again and again."""

    def __init__(self, folder: Path, interval: float = 1.0) -> None:
        super().__init__("runs", self._follow)
        self._folder = folder
        self._interval = interval
        self._known: dict[Path, tuple[Signature, RunSummary, Pulse]] = {}
        self._configs: tuple[Config | None, ...] = ()
        self._differs: dict[Path, tuple[Pairs, Pairs]] = {}
        self.summaries = RunSummaries()

    def poll(self) -> None:
        """Look once, and publish what there is; a run whose files have not changed is not read again."""
        known: dict[Path, tuple[Signature, RunSummary, Pulse]] = {}
        for path in run_files(self._folder):
            run = RunDirectory(path.parent)
            files = (run.run, run.metrics, run.gatecheck, run.config, run.labels, run.final_evaluation)
            signature = tuple(map(_signature, files))
            before, summary, pulse = self._known.get(run.path, ((), None, Pulse()))
            if summary is None or before != signature:
                config = summary.config if summary is not None and before[3] == signature[3] else _config(run)
                summary = summary_of(run, config)
            if summary.state not in ENDED and summary.state != KILLED:  # it may be silent without a file having changed
                state = summary.info.state_now(pulse)
                summary = summary if state == summary.state else replace(summary, state=state)
            known[run.path] = (signature, summary, pulse)
        self._known = self._with_differences(known)
        runs = [summary for _, summary, _ in self._known.values()]
        runs.sort(key=lambda run: (run.info.created or 0.0, run.name), reverse=True)
        self.summaries = RunSummaries(self.summaries.version + 1, tuple(runs), utc_now())

    def _with_differences(
        self, known: Mapping[Path, tuple[Signature, RunSummary, Pulse]]
    ) -> dict[Path, tuple[Signature, RunSummary, Pulse]]:
        """The runs with what they differ in, which is found anew where any configuration has changed."""
        configs = tuple(summary.config for _, summary, _ in known.values())
        if len(configs) != len(self._configs) or any(
            one is not other for one, other in zip(configs, self._configs, strict=True)
        ):
            found = [tuple(pair for pair in pairs if pair[0] != "env_id") for pairs in differing(configs)]
            self._configs = configs
            self._differs = dict(zip(known, zip(found, rarest_first(found), strict=True), strict=True))
        told = {}
        for path, (signature, summary, pulse) in known.items():
            differs, settings = self._differs[path]
            if (summary.differs, summary.settings) != (differs, settings):
                summary = replace(summary, differs=differs, settings=settings)
            told[path] = signature, summary, pulse
        return told

    def _follow(self) -> float:
        with suppress(OSError):  # a folder that cannot be read just now is looked at again
            self.poll()
        return self._interval


def rarest_first(found: Sequence[Pairs]) -> list[Pairs]:
    """Each run's settings, those first that the fewest runs have; what is not learnt from stays at the end."""
    counts = Counter(pair for pairs in found for pair in pairs)
    return [tuple(sorted(pairs, key=lambda pair: (pair[0] in RUN_LOCAL, counts[pair]))) for pairs in found]


def summary_of(run: RunDirectory, config: Config | None) -> RunSummary:
    """A run as its files say it is; what it differs in is seen in a list only. Never raises."""
    record = run.read_run()
    row, scheduled = newest_values(run.metrics)
    judged = Verdict.from_dict(run.read_gatecheck()) or Verdict("wait")
    steps, final = real(row.get("env_steps")), FinalEvaluation.from_dict(read_object(run.final_evaluation))
    is_of_the_end = final is not None and steps is not None and final.env_steps >= steps
    return RunSummary(
        directory=run,
        name=run.name,
        info=record,
        state=record.state,
        env_steps=steps,
        ep100=real(row.get("ep100")),
        verdict=judged.status,
        gate=judged.gate.status,
        evaluation=final.mean if final is not None and is_of_the_end else scheduled,
        labels=read_labels(run),
        config=config,
    )


def list_summaries(folder: Path) -> RunSummaries:
    """The runs of a folder as they are now."""
    lister = RunLister(folder)
    lister.poll()
    return lister.summaries


def _config(run: RunDirectory) -> Config | None:
    try:
        return run.read_config()
    except UserError:
        return None


def _signature(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
