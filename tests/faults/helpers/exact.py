"""The same run twice: left alone, and killed with -9 again and again; for tests and benchmarks/exact_resume.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos import chaos
from faults_support import chance
from outcome import Outcome, outcome


@dataclass(frozen=True)
class Report:
    """What was done to a run."""

    kills: int
    at: tuple[int, ...]
    """The updates at which it was killed."""
    exact: bool
    """What the run itself says of its resumes."""


def undisturbed(folder: Path, settings: dict[str, Any], limit_s: float = 120.0) -> Outcome:
    """What a run comes to that nobody disturbs."""
    folder.mkdir()
    with chaos(folder) as run:
        run.launch(hook="weight", **settings)
        assert run.ends(limit_s) == 0, run.said()
    return outcome(run.run)


def killed_and_resumed(
    folder: Path,
    settings: dict[str, Any],
    *,
    kills: int,
    seed: str,
    limit_s: float = 120.0,
    tell: Callable[[str], object] = lambda words: None,
) -> tuple[Outcome, Report]:
    """What a run comes to that is killed as a whole at random moments, and resumed each time."""
    random = chance(seed)
    updates = settings["total_timesteps"] // (settings["num_envs"] * settings["rollout_steps"])
    moments = sorted(random.randrange(2, updates - 20) for _ in range(kills))
    folder.mkdir()
    with chaos(folder) as run:
        run.launch(hook="weight", **settings)
        at = []
        for moment in moments:
            run.wait_for_update(max(moment, run.update + 1), limit_s)
            run.kill_everything()
            at.append(run.update)
            tell(f"killed at update {at[-1]:,}")
            run.assert_invariants()
            run.resume(hook="weight")
        assert run.ends(limit_s) == 0, run.said()
        exact = run.run.read_run().exact_resume is True
    return outcome(run.run), Report(len(at), tuple(at), exact)
