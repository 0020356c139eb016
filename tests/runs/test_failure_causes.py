"""Why a run failed: the cause comes first, whatever met it."""

from __future__ import annotations

import pytest

from gwt_ib.runs.causes import cause_alone, cause_first
from gwt_ib.runs.events import Event, forms

EPISODE = "X-v0: environment 0 failed in episode 17 (seed 3): RuntimeError: simulator exploded: joint (4)"
ACTOR = f"Actor 0 died 6 times within 10 minutes; at last it ended with exit code 1: {EPISODE}."


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            ACTOR,
            "RuntimeError: simulator exploded: joint (4) (environment 0 in episode 17, seed 3; "
            "actor 0 died 6 times within 10 minutes)",
        ),
        (
            "The learner died twice at update 5; at last it ended with exit code 1: ValueError: bad (/a/logs/learner.log).",
            "ValueError: bad (the learner died twice at update 5; /a/logs/learner.log)",
        ),
        (
            f"An environment failed again and again: {EPISODE}.",
            "RuntimeError: simulator exploded: joint (4) (environment 0 in episode 17, seed 3)",
        ),
        ("Learning came to a number that is not finite: loss.", "Learning came to a number that is not finite: loss."),
        ("The learner died twice; at last it was killed by SIGKILL.",) * 2,
        ("", ""),
    ],
    ids=["actor", "learner", "serial", "not finite", "killed", "none"],
)
def test_the_cause_comes_first(message: str, words: str) -> None:
    assert cause_first(message) == words
    assert words.startswith(cause_alone(message).removesuffix("."))


def test_the_event_of_a_failure_says_its_cause_also_where_there_is_little_room() -> None:
    event = Event("failed", fields={"message": ACTOR, "exit_code": 69})
    assert forms(event)[-1] == "failed: RuntimeError: simulator exploded: joint (4)"
