"""Which settings a run goes on with, and which changes of them a resume takes: freely, by `--override`, or never."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gwt_ib.config import Config, is_gate_itself, live_settings, resume_class
from gwt_ib.config_sources import build, parse_assignment
from gwt_ib.errors import ExitCode, UserError, nearest


@dataclass(frozen=True)
class Change:
    """One setting that a run goes on with in place of the one that it was trained with."""

    field: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.field} from {self.old!r} to {self.new!r}"


def resume_config(
    recorded: Mapping[str, Any],
    trained_with: Mapping[str, Any] | None,
    assignments: Iterable[str] = (),
    flags: Mapping[str, Any] | None = None,
    *,
    override: bool = False,
    accepted: Mapping[str, Any] | None = None,
) -> tuple[Config, list[Change]]:
    """The configuration of a resumed run, and what of it is asked for or was edited by hand.

    `recorded` is what `config.json` says, valid or not; `trained_with` what the snapshot says that the run was trained
    with, or none where it is too old to say. `assignments` are `FIELD=VALUE`, `flags` the fields that have an option of
    their own; `accepted` are values that were overridden before: a run that was killed before its next snapshot has them
    in its settings, and its snapshot knows nothing of them.

    Raises `UserError` (78), with all fields at once that may not change.
    """
    asked, places = _asked(assignments, flags or {})
    places = dict.fromkeys(recorded, "config.json") | places
    try:
        config = build({**recorded, **asked}, places)
    except UserError as error:
        hint = " Give it another value with --set FIELD=VALUE." if "(config.json)" in error.message else ""
        raise UserError(error.message + hint, error.code) from None
    live = live_settings()
    changes = []
    for field in Config.model_fields:
        new = getattr(config, field)
        source = recorded if trained_with is None or (field in live and field not in asked) else trained_with
        old = source.get(field, Config.model_fields[field].default)
        if not _same(old, new):
            changes.append(Change(field, old, new))
    _refuse(config, changes, override, accepted or {})
    return config, changes


BRANCHED = frozenset({"seed"})
"""Fixed settings that a branch may have otherwise: from its start it draws other random numbers, and begins new episodes."""


def branch_config(
    recorded: Mapping[str, Any],
    trained_with: Mapping[str, Any] | None,
    assignments: Iterable[str] = (),
    flags: Mapping[str, Any] | None = None,
) -> tuple[Config, list[Change]]:
    """The configuration of a new run that goes on from another's snapshot, and what of it is asked for.

    It begins with what the snapshot was trained with, and with what `config.json` says by now of settings that change
    nothing of what is learnt. Those that a resume takes by `--override` alone need no such word: no run is changed.
    Raises `UserError` (78), with all fields at once that may not differ.
    """
    base = dict(recorded)
    if trained_with:
        of_no_weight = {name for name in Config.model_fields if resume_class(name) == "free"} - {*live_settings()}
        base = {**trained_with, **{name: value for name, value in recorded.items() if name in of_no_weight}}
    asked, places = _asked(assignments, flags or {})
    config = build({**base, **asked}, dict.fromkeys(base, "the snapshot") | places)
    changes = []
    for field in asked:
        old, new = base.get(field, Config.model_fields[field].default), getattr(config, field)
        if not _same(old, new):
            changes.append(Change(field, old, new))
    fixed = [
        str(change)
        for change in changes
        if change.field not in BRANCHED
        and (resume_class(change.field) == "fixed" or is_gate_itself(config, change.field))
    ]
    if fixed:
        sentence = f"A branch cannot change {'; '.join(fixed)}: that takes a run from its start."
        raise UserError(sentence, ExitCode.BAD_CONFIGURATION)
    return config, changes


def needs_override(change: Change) -> bool:
    """Whether a resume takes a change only when it is told to."""
    return resume_class(change.field) == "override"


def is_accepted(change: Change, accepted: Mapping[str, Any]) -> bool:
    """Whether an earlier resume was told to take a change."""
    return change.field in accepted and _same(accepted[change.field], change.new)


def _asked(assignments: Iterable[str], flags: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What the command line asks for, and where each field stands there. Raises `UserError` for an unknown field."""
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    for assignment in assignments:
        field, values[field] = parse_assignment(assignment)
        places[field] = f"--set {assignment}"
        if field not in Config.model_fields:
            hint = nearest(field, Config.model_fields) or " `gwt-ib-tui config` lists every field."
            raise UserError(f"Unknown field {field!r} ({places[field]}).{hint}", ExitCode.BAD_CONFIGURATION)
    for field, value in flags.items():
        if value is not None:
            values[field], places[field] = value, "the command line"
    return values, places


def _refuse(config: Config, changes: list[Change], override: bool, accepted: Mapping[str, Any]) -> None:
    """Raises `UserError` for changes that a resume does not take."""
    fixed = [
        str(change)
        for change in changes
        if resume_class(change.field) == "fixed" or is_gate_itself(config, change.field)
    ]
    guarded = [str(change) for change in changes if needs_override(change) and not is_accepted(change, accepted)]
    sentences = []
    if fixed:
        sentences.append(f"A resumed run cannot change {'; '.join(fixed)}: that takes a new run.")
    if guarded and not override:
        sentences.append(f"To change {'; '.join(guarded)} in the middle of a run, add --override.")
    if sentences:
        raise UserError(" ".join(sentences), ExitCode.BAD_CONFIGURATION)


def _same(old: object, new: object) -> bool:
    """Whether two values are the same setting: 1 and 1.0 are, 1 and true are not."""
    return old == new and isinstance(old, bool) == isinstance(new, bool)
