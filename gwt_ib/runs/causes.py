"""Why a run failed, its cause first: what was raised says more than which process met it how often."""

from __future__ import annotations

import re

_EPISODE = re.compile(r"\S+: (environment \d+) failed in (episode \d+) \(seed (\d+)\): ")
_AT_LAST = re.compile(r"; at last it ended with exit code \d+: ")
_LOG = re.compile(r" \((\S+\.log)\)$")


def cause_first(message: str) -> str:
    """The sentence that a run ended with, its cause before its circumstances; one of another form as it is.

    `Actor 0 died 6 times; at last it ended with exit code 1: X-v0: environment 0 failed in episode 17 (seed 3):
    RuntimeError: simulator exploded.` becomes `RuntimeError: simulator exploded (environment 0 in episode 17, seed 3;
    actor 0 died 6 times)`.
    """
    cause, details = _parts(message)
    return f"{cause} ({'; '.join(details)})" if details else cause


def cause_alone(message: str) -> str:
    """The same without the circumstances."""
    return _parts(message)[0]


def _parts(message: str) -> tuple[str, list[str]]:
    words = message.strip().removesuffix(".")
    log = _LOG.search(words)
    words = words[: log.start()] if log else words
    details: list[str] = []
    if episode := _EPISODE.search(words):
        details.append(f"{episode[1]} in {episode[2]}, seed {episode[3]}")
    before = words[: episode.start()] if episode else words
    if last := _AT_LAST.search(before):
        circumstance = before[: last.start()]
        details.append(circumstance[:1].lower() + circumstance[1:])
    start = episode.end() if episode else last.end() if last else 0
    cause = words[start:].strip()
    if not start or not cause:
        return message.strip(), []
    return cause, [*details, *([log[1]] if log else [])]
