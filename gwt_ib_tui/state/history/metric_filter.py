"""Which metrics the words of a filter mean; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from gwt_ib.runs.metrics import METRICS

_MEANING_WORDS = {
    metric.name: tuple(re.findall(r"[a-z0-9]+", f"{metric.meaning} {metric.unit}".lower())) for metric in METRICS
}
_GLOB = frozenset("*?[")


def matching(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those of `names` that every word of `text` matches, in their order, the ones matched by name alone first.

    A word is a part of the name, or a pattern for the whole of it where it has `*`, `?` or `[`; or it is the beginning
    of a word of the metric's meaning, or a pattern for one. Of `one|other` either will do. Capital letters make no
    difference; no words match nothing.
    """
    words = [either for word in text.lower().split() if (either := [part for part in word.split("|") if part])]
    if not words:
        return ()
    by_name, by_meaning = [], []
    for name in names:
        if all(any(_in_name(part, name) for part in either) for either in words):
            by_name.append(name)
        elif all(any(_in_name(part, name) or _in_meaning(part, name) for part in either) for either in words):
            by_meaning.append(name)
    return (*by_name, *by_meaning)


def _in_name(word: str, name: str) -> bool:
    name = name.lower()
    return fnmatchcase(name, word) if _GLOB & set(word) else word in name


def _in_meaning(word: str, name: str) -> bool:
    words = _MEANING_WORDS.get(name, ())
    if _GLOB & set(word):
        return any(fnmatchcase(each, word) for each in words)
    return any(each.startswith(word) for each in words)
