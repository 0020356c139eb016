"""What a user calls a run: a name, tags and notes, kept in its directory and changed at any time; no training reads them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gwt_ib.durable import write_json
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.lenient import read_object, text

FORMAT = 1
LATEST = "latest"
"""Names the newest run on the command line."""
LONGEST_NAME, LONGEST_TAG, LONGEST_NOTES = 60, 30, 2000
MOST_TAGS = 20


class Labelled(Protocol):
    """A run directory. It is found by its label, so its module imports this one."""

    @property
    def labels(self) -> Path:
        """Where the labels are kept."""


@dataclass(frozen=True)
class Labels:
    """The labels of one run, each on one line; empty where there is none."""

    name: str = ""
    """By which every command finds the run; several runs may have the same."""
    tags: tuple[str, ...] = ()
    """Words without blanks, in the order in which they were given, each once."""
    notes: str = ""

    def tagged(self, add: Iterable[str] = (), remove: Iterable[str] = ()) -> tuple[str, ...]:
        """The tags with some more, and without some."""
        gone = set(remove)
        return tuple(tag for tag in dict.fromkeys((*self.tags, *add)) if tag not in gone)


def checked(labels: Labels) -> Labels:
    """The labels without blanks around them, each tag once. Raises `UserError` (2) for what can be no label."""
    name, notes = labels.name.strip(), labels.notes.strip()
    tags = tuple(dict.fromkeys(tag.strip() for tag in labels.tags))
    problem = _name_problem(name) or _problem("The notes", notes, LONGEST_NOTES)
    problem = problem or next((found for tag in tags if (found := _tag_problem(tag))), "")
    if not problem and len(tags) > MOST_TAGS:
        problem = f"A run has at most {MOST_TAGS} tags, and these are {len(tags)}."
    if problem:
        raise UserError(problem, ExitCode.USAGE)
    return Labels(name, tags, notes)


def read_labels(run: Labelled) -> Labels:
    """The labels of a run. Whatever could not have been written by `write_labels` is absent: never raises."""
    record = read_object(run.labels)
    name, notes, tags = text(record.get("name")), text(record.get("notes")), record.get("tags")
    listed = [tag for tag in tags[:MOST_TAGS] if isinstance(tag, str)] if isinstance(tags, list) else []
    return Labels(
        name if not _name_problem(name) else "",
        tuple(dict.fromkeys(tag for tag in listed if not _tag_problem(tag))),
        notes if not _problem("", notes, LONGEST_NOTES) else "",
    )


def write_labels(run: Labelled, labels: Labels) -> Labels:
    """Keep the labels of a run and return them as they are kept. Raises `UserError` (2), and `OSError`."""
    labels = checked(labels)
    write_json(run.labels, {"format": FORMAT, "name": labels.name, "tags": list(labels.tags), "notes": labels.notes})
    return labels


def _name_problem(name: str) -> str:
    problem = _problem("A name", name, LONGEST_NAME)
    if not problem and (name in (LATEST, ".", "..") or name.startswith("-") or "/" in name):
        problem = f"{name!r} can be no name of a run: on the command line it means something else."
    return problem


def _tag_problem(tag: str) -> str:
    if not tag or " " in tag or tag.startswith("-"):
        return f"A tag is one word that does not begin with -, and not {tag!r}."
    return _problem("A tag", tag, LONGEST_TAG)


def _problem(what: str, words: str, longest: int) -> str:
    """Why a text cannot be kept, a sentence; empty where it can."""
    if len(words) > longest:
        return f"{what} can have {longest:,} characters, and this has {len(words):,}."
    bad = next((letter for letter in words if letter != " " and not letter.isprintable()), "")
    if bad:
        known = unicodedata.name(bad, "") or f"U+{ord(bad):04X}"
        return f"{what} is one line of characters that can be printed, without {known}."
    return ""
