"""Before a sweep starts: what it is, whether it is possible as a whole, how long it takes, and its directory made ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gwt_ib.config import Config
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.sweeps.checks import Found, check_members
from gwt_ib.sweeps.definition import Definition
from gwt_ib.sweeps.directory import SweepDirectory, refuse_strange
from gwt_ib.sweeps.estimate import Estimate, estimate, is_to_be_measured, measure_alone
from gwt_ib.sweeps.parallel import is_wide
from gwt_ib.sweeps.places import Place, settle
from gwt_ib.sweeps.states import SweepReader, SweepState
from gwt_ib.sweeps.taking_over import left_out, refuse_changed
from gwt_ib.text import count, duration


@dataclass(frozen=True)
class Plan:
    """A sweep that can be started."""

    sweep: SweepDirectory
    definition: Definition
    place: Place
    parallel: int
    state: SweepState
    found: Found
    estimate: Estimate
    left_out: tuple[str, ...]

    def lines(self) -> list[str]:
        """What is said before it starts."""
        members = self.definition.members
        tasks = len({member.config.env_id for member in members})
        arms, seeds = len({member.arm for member in members}), len({member.config.seed for member in members})
        what = f"{len(members)} run(s): {tasks} task(s), {arms} arm(s), {seeds} seed(s); {count(self.definition.env_steps)}"
        lines = [f"{self.sweep.path}: {what} env steps, {self.parallel} at a time on {self.place.words}"]
        done = [f"{self.state.count(status)} {status}" for status in ("finished", "failed", "unfinished", "running")
                if self.state.count(status)]  # fmt: skip
        if done:
            lines.append(f"of these {', '.join(done)}; {count(self.estimate.env_steps)} env steps are left")
        if self.left_out:
            lines.append(
                f"{len(self.left_out)} run(s) that are there are not in the definition any more, and stay as they are"
            )
        configs = [member.config for member in members]
        if self.place.on == "local" and is_wide(configs, self.parallel):
            lines.append("num_actors = 1 and learner_threads = 1 in [base] make more of these cores (docs/sweeps.md)")
        seconds = self.estimate.seconds
        lines.append(
            f"about {duration(seconds)} ({self.estimate.source})" if seconds else f"time: {self.estimate.source}"
        )
        return lines

    def as_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "kind": "plan",
            "sweep": str(self.sweep.path),
            "runs": [member.name for member in self.definition.members],
            "env_steps": self.definition.env_steps,
            "left_env_steps": self.estimate.env_steps,
            "left_s": self.estimate.seconds,
            "left_s_from": self.estimate.source,
            "parallel": self.parallel,
            "on": self.place.words,
        }


def make_plan(
    sweep: SweepDirectory,
    definition: Definition,
    place: Place,
    *,
    retry_failed: bool = False,
    on_checked: Callable[[int, int], object] = lambda done, of: None,
    measure: Callable[[Config, EnvironmentSpec], float | None] = measure_alone,
) -> Plan:
    """Check everything and estimate the time; nothing is written. Raises `UserError`. Call it in the main thread."""
    refuse_strange(sweep)
    refuse_changed(sweep, definition)
    parallel = settle(place, definition)
    state = SweepReader(sweep, definition).read()
    done = ("finished",) if retry_failed else ("finished", "failed")
    still = [each for each in state.members if each.status not in done]
    members = [each.member for each in still]
    found = check_members(
        definition, members, on_checked, with_speed=is_to_be_measured(still), devices=not place.is_elsewhere
    )
    expected = estimate(state.members, found, parallel, measure)
    return Plan(sweep, definition, place, parallel, state, found, expected, tuple(left_out(sweep, definition)))


def write_plan(plan: Plan) -> None:
    """Take the definition and what was found over into the directory, whose lock is held. Raises `UserError`."""
    sweep = plan.sweep
    refuse_changed(sweep, plan.definition)  # another command may have begun it since
    try:
        sweep.write_environments({**sweep.read_environments(), **plan.found.specs})
        sweep.write_definition(plan.definition)
        sweep.write_holder(plan.parallel, plan.place.words)
    except OSError as error:
        reason = f"{error.strerror or error}: {error.filename or sweep.path}"
        raise UserError(f"{sweep.path} cannot be made ready. {reason}.", ExitCode.INPUT_OUTPUT) from None
