"""The command that plays an environment's failure again, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gwt_ib.text import plain
from gwt_ib_tui.commands.options import AsJson
from gwt_ib_tui.commands.trust import Trust, need_trust
from gwt_ib_tui.terminal import print_json, print_result

if TYPE_CHECKING:
    from gwt_ib.processes.child_call import Outcome
    from gwt_ib.runs.incidents import Incident

REPLAY_S = 600.0


def incident(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file of a run's incidents/.")],
    as_json: AsJson = False,
    trust: Trust = False,
    limit_s: Annotated[float, typer.Option("--timeout", min=1.0, help="Seconds that it may take.")] = REPLAY_S,
) -> None:
    """Play an environment's failure again, and say whether it fails in the same way."""
    from gwt_ib.processes.replay import replay_in_child
    from gwt_ib.runs.directory import RunDirectory
    from gwt_ib.runs.incidents import read_incident

    found = read_incident(path)
    # It lies in the incidents/ of its run; anywhere else nothing says whose it is.
    need_trust(RunDirectory(path.resolve().parent.parent), found.env_id, trust, named_by=path)
    outcome = replay_in_child(found, limit_s) if found.complete else None
    reproduced, sentence = _judged(found, outcome, limit_s)
    answer: dict[str, Any] = {} if outcome is None or outcome.answer is None else dict(outcome.answer)
    if as_json:
        print_json({"incident": str(path), "reproduced": reproduced, "message": sentence, **answer})
    else:
        print_result(sentence)


def _judged(found: Incident, outcome: Outcome | None, limit_s: float) -> tuple[bool, str]:
    """Whether the same exception came at the same call, and a sentence."""
    where = f"{_call(len(found.actions))} of episode {found.episode} (seed {found.seed}) of {plain(found.env_id)}"
    cause = _words(found.cause_type, found.cause_text)
    then = f"In the run {where} failed with {cause}."
    if outcome is None:
        return False, f"Not played again: the episode was longer than the actions that are remembered. {then}"
    if outcome.answer is None:
        how = outcome.ending() if outcome.code is not None else f"did not come to an end within {limit_s:g} s"
        return False, f"Not reproduced: it {how}. {then}"
    failure, steps = outcome.answer["failure"], outcome.answer["steps"]
    if failure is None:
        went = (
            f"the episode ended after {steps} steps"
            if outcome.answer["ended"]
            else f"nothing failed in {steps} step{'s' if steps != 1 else ''}"
        )
        return False, f"Not reproduced: {went}. {then}"
    now, at = _words(failure["type"], failure["text"]), outcome.answer["failed_step"]
    if at != len(found.actions) or failure["type"] != found.cause_type:
        return False, f"Not reproduced: {_call(at)} failed with {now}. {then}"
    other = "" if now == cause else f" (in the run: {cause})"
    return True, f"Reproduced: {where} failed with {now}{other}."


def _words(kind: str, text: str) -> str:
    return plain(f"{kind}: {text}" if text else kind, 300)


def _call(steps: int) -> str:
    return f"step {steps}" if steps else "the reset"


COMMANDS = (incident,)
