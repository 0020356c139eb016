"""Where the runs of a sweep are trained, as a seam: on this machine, or on the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gwt_ib.errors import ExitCode
from gwt_ib.runs.directory import RunDirectory


@dataclass(frozen=True)
class Ended:
    """A run that is not being trained any more: whatever is to be known of it further is in its run directory.

    `lost` where it is not its own fault, such as that of a node that died: it is to be resumed, and that costs no attempt.
    """

    run: RunDirectory
    code: ExitCode
    message: str
    lost: bool = False


class Executor(Protocol):
    """Trains runs whose directories exist; each is trained by one process at a time."""

    def room(self) -> int:
        """How many further runs can be started now."""

    def start(self, run: RunDirectory, *, resume: bool) -> None:
        """Train a run, from the start or from its newest good snapshot, until it ends. Raises `OSError`."""

    def tend(self, timeout_s: float) -> Sequence[Ended]:
        """Wait at most `timeout_s`; the runs that have ended since the last call."""

    def stop(self) -> None:
        """Ask every run to end with a last snapshot; `tend` says when they have."""

    def close(self) -> None:
        """End what is left, at once."""
