"""A run as data: its settings, metrics, events, verdicts and snapshots, read from its directory when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.columns import columns_of
from gwt_ib.runs.directory import RUNS, RunDirectory, find_run, list_runs
from gwt_ib.runs.jsonl import read_records
from gwt_ib.runs.labels import Labels, read_labels, write_labels
from gwt_ib.runs.named_snapshot import NEWEST, named_snapshot
from gwt_ib.runs.origin import module_made_elsewhere
from gwt_ib.runs.snapshot_store import list_snapshots
from gwt_ib.text import plain

if TYPE_CHECKING:
    import pandas as pd

    from gwt_ib.gatecheck.findings import Verdict


class Verdicts(NamedTuple):
    """What GateCheck says of a run; `wait` before it knows."""

    training: str
    """`pass`, `wait` or `fail`."""
    gate: str
    """`works`, `decoration`, `harmful`, `open`, `shut`, `constant` or `wait`."""


class Metrics(Mapping[str, NDArray[np.float64]]):
    """The recorded metrics of a run by name (docs/metrics.md), an array [updates] each; NaN where a row has no number."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._columns = columns_of(rows)
        self._length = len(rows)

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """One metric. Raises `KeyError`."""
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        return f"<Metrics of {self._length:,} updates: {', '.join(self._columns)}>"

    def frame(self) -> pd.DataFrame:
        """The same as a data frame, a row for each update. Raises `UserError` where pandas is not installed."""
        try:
            import pandas as pd
        except ModuleNotFoundError:
            sentence = "A data frame needs the package pandas: pip install 'gwt-ib[pandas]'."
            raise UserError(sentence, ExitCode.RESOURCES_USED_UP) from None
        return pd.DataFrame({name: _as_counted(values) for name, values in self._columns.items()})


@dataclass(frozen=True, repr=False)
class Run:
    """A run of any state, live or ended. Each attribute reads the run's directory anew, so keep what is used twice."""

    path: Path

    def __init__(self, run: str | Path | RunDirectory) -> None:
        """`run` is a directory, a name under `runs/`, or `latest`. Raises `UserError` where there is no such run."""
        directory = run if isinstance(run, RunDirectory) else find_run(str(run))
        object.__setattr__(self, "path", directory.path)

    @classmethod
    def latest(cls) -> Self:
        """The newest run under `runs/`. Raises `UserError` where there is none."""
        return cls("latest")

    @classmethod
    def all(cls, folder: str | Path = RUNS) -> list[Self]:
        """Every run under a folder, oldest first."""
        return [cls(run) for run in list_runs(Path(folder))]

    @property
    def directory(self) -> RunDirectory:
        """The paths of all its files."""
        return RunDirectory(self.path)

    @property
    def name(self) -> str:
        """What its user calls it, else the name of its directory."""
        return read_labels(self.directory).name or self.directory.name

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that its user gave it."""
        return read_labels(self.directory).tags

    @property
    def notes(self) -> str:
        """What its user noted of it."""
        return read_labels(self.directory).notes

    def label(self, name: str | None = None, tags: Sequence[str] | None = None, notes: str | None = None) -> None:
        """Give it another name, other tags or notes; what is left out stays. Raises `UserError` for what can be no label."""
        old = read_labels(self.directory)
        changed = Labels(
            old.name if name is None else name,
            old.tags if tags is None else tuple(tags),
            old.notes if notes is None else notes,
        )
        write_labels(self.directory, changed)

    @property
    def config(self) -> Config:
        """Its settings, all of them. Raises `UserError` where they are missing or damaged."""
        return self.directory.read_config()

    @property
    def state(self) -> str:
        """`starting`, `running`, `paused`, `finished`, `stopped`, `failed`, `killed`, `stalled` or `unknown`."""
        return self.directory.state()

    @property
    def message(self) -> str:
        """Why it ended, where it did not simply finish; a sentence."""
        return self.directory.read_run().message

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its metrics as they were recorded, a row for each update: also the lists and tables among them."""
        return read_records(self.directory.metrics)

    @property
    def metrics(self) -> Metrics:
        """Its metrics that are numbers, as arrays by name; `metrics.frame()` is a data frame."""
        return Metrics(self.rows)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What happened, oldest first: each with its `kind`, its `time` (a time stamp), and mostly its `update`."""
        return read_records(self.directory.events)

    @property
    def verdicts(self) -> Verdicts:
        """GateCheck's verdict on training, and that on the gate."""
        verdict = self.gatecheck
        return Verdicts("wait", "wait") if verdict is None else Verdicts(verdict.status, verdict.gate.status)

    @property
    def gatecheck(self) -> Verdict | None:
        """The whole verdict with its findings and their evidence; none before the first update."""
        from gwt_ib.gatecheck.findings import Verdict

        return Verdict.from_dict(self.directory.read_gatecheck())

    @property
    def snapshots(self) -> list[Path]:
        """Its snapshots, oldest first; `gwt_ib.load` takes one of them too. Raises `OSError` where they cannot be read."""
        rescue = self.directory.read_settings().get("rescue_dir")
        found = [path for folder in self.directory.snapshot_folders(rescue) for path in list_snapshots(folder)]
        return sorted(found, key=lambda path: path.name)

    def evaluate(
        self, episodes: int | None = None, *, snapshot: str | int = NEWEST, trust: bool = False
    ) -> NDArray[np.float64]:
        """The returns [episodes] of its newest good snapshot, NaN of an episode whose environment failed.

        They are played in a process of their own, on the seeds of the run's evaluations, `eval_episodes` where no number is
        given; `snapshot` is as in `gwt_ib.load`. Raises `UserError` where that cannot be done, and for a run that somebody
        else made and that names a module to import, unless `trust` says that it may be.
        """
        from gwt_ib.evaluation import evaluate_snapshot

        config = self.config
        if not trust and (module := module_made_elsewhere(self.directory.read_run(), config.env_id)):
            sentence = (
                f"{plain(self.path)} was not made by you on this machine, and its environment {plain(config.env_id)!r} "
                f"would import the module {plain(module)!r}. Where you trust it, say trust=True."
            )
            raise UserError(sentence, ExitCode.USAGE)
        if episodes is not None:
            if episodes < 1:
                raise ValueError(f"{episodes} episodes cannot be played")
            config = config.model_copy(update={"eval_episodes": episodes})
        path = None
        if snapshot != NEWEST:
            path = named_snapshot(self.directory, self.directory.snapshot_folders(config.rescue_dir), str(snapshot))
        _, returns = evaluate_snapshot(self.directory, config, path)
        return np.array([np.nan if value is None else value for value in returns])

    def __repr__(self) -> str:
        record, verdicts = self.directory.read_run(), self.verdicts
        words = [record.state_now(), record.env_id, f"seed {record.seed}"]
        rows = self.rows
        if rows:
            metrics = Metrics(rows[-1:])
            words.append(f"{metrics['env_steps'][0]:,.0f} of {record.total_timesteps or 0:,} env steps")
            words.append(f"ep100 {metrics['ep100'][0]:.3f}")
            words.append(f"training {verdicts.training}, gate {verdicts.gate}")
        named = self.name if self.name == self.directory.name else f"{self.name} ({self.directory.name})"
        return f"<Run {named}: {', '.join(words)}>"


def _as_counted(values: NDArray[np.float64]) -> NDArray[Any]:
    """A column of whole numbers without gaps as such: updates, steps and episodes are counted."""
    with np.errstate(invalid="ignore"):
        whole = values.astype(np.int64)
    return whole if values.size and np.array_equal(whole, values) else values
