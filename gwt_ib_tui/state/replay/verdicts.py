"""GateCheck's verdicts on the moments of a replay, and since which update each rule has its status."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from gwt_ib.config import Config
from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.gatecheck.judge import judge_run, with_since
from gwt_ib_tui.state.replay.recording import Frame


class Verdicts:
    """Judges the frames of a recording one after another, a few at a time; `since` is not known before one is reached.

    Only the statuses are kept: the verdict of one frame is quickly made again.
    """

    def __init__(self) -> None:
        self._statuses: dict[int, Mapping[str, Any]] = {}
        self._done = 0
        self._last: Mapping[str, Any] = {}

    def work(self, frames: Sequence[Frame], config: Config, seconds: float) -> None:
        """Judge frames for about so long, on from where it ended the last time."""
        deadline = time.monotonic() + seconds
        while self._done < len(frames) and time.monotonic() < deadline:
            frame = frames[self._done]
            verdict = judge_run(frame.history, config)
            # Between two frames may lie rows that are not kept; the status is taken to have changed with the frame.
            before = {} if verdict.update is None else {**self._last, "update": verdict.update - 1}
            self._last = self._statuses[frame.number] = _statuses(with_since(verdict, before))
            self._done += 1

    def knows(self, frame: Frame) -> bool:
        """Whether this frame was reached."""
        return frame.number in self._statuses

    def at(self, frame: Frame, config: Config | None) -> Verdict | None:
        """The verdict at a frame; none before the first row, and without a configuration."""
        if config is None or not frame.history.rows_seen:
            return None
        verdict = judge_run(frame.history, config)
        return with_since(verdict, self._statuses[frame.number]) if self.knows(frame) else verdict


def _statuses(verdict: Verdict) -> Mapping[str, Any]:
    """What the next verdict needs of this one."""
    findings = [{"kind": item.kind, "status": item.status, "since": item.since} for item in verdict.findings]
    return {"verdict": verdict.status, "update": verdict.update, "since": verdict.since, "findings": findings}
