"""A failed episode played again for a command, in a process of its own: `python -m gwt_ib.processes.replay`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwt_ib.config import Config
from gwt_ib.errors import message_of
from gwt_ib.processes.child_answer import Stage, answer_call
from gwt_ib.processes.child_call import Outcome, call_in_child
from gwt_ib.runs.incidents import Incident


def replay_in_child(found: Incident, limit_s: float) -> Outcome:
    """Play the episode of an incident again; the answer has `steps`, `ended`, `failure` and `failed_step`.

    Raises `UserError` where no process can be started, or the environment cannot be made.
    """
    names = ("env_id", "prev_action", "seed", "actions")
    request = {name: getattr(found, name) for name in names}
    outcome = call_in_child("gwt_ib.processes.replay", request, timeout_s=limit_s)
    if outcome.refusal is not None:
        raise outcome.refusal
    return outcome


def replay_here(request: Mapping[str, Any], stage: Stage) -> dict[str, Any]:
    """The child's work."""
    from gwt_ib.envs.replay import play_again

    config = Config(env_id=request["env_id"], prev_action=request["prev_action"])
    done = play_again(config, request["seed"], request["actions"], stage)
    failure = done.failure
    described = None if failure is None else {"type": type(failure).__name__, "text": message_of(failure)}
    return {"steps": done.steps, "ended": done.ended, "failure": described, "failed_step": done.failed_step}


if __name__ == "__main__":
    answer_call(replay_here)
