"""A definition comes into a sweep's directory: what is there already has to fit, and what is new is added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.sweeps.definition import Definition, Member
from gwt_ib.sweeps.directory import SweepDirectory
from gwt_ib.sweeps.names import value_words
from gwt_ib.sweeps.states import is_begun


def refuse_changed(sweep: SweepDirectory, definition: Definition) -> None:
    """Raises `UserError` (78) where a run was begun with another setting than the definition gives it now.

    A setting that was changed while a run trained (`gwt-ib-tui set`) is the run's own affair: as long as the definition
    says the same as before, that is none of the sweep's.
    """
    before = _known(sweep)
    for member in definition.members:
        run = sweep.run(member)
        recorded = run.read_settings()
        if not recorded or before.get(member.name) == member.config or not is_begun(run, run.read_run()):
            continue
        changed = changed_fields(recorded, member.config)
        if changed:
            old = recorded.get(changed[0], Config.model_fields[changed[0]].default)
            new = getattr(member.config, changed[0])
            further = f", and {len(changed) - 1} more setting(s) differ" if len(changed) > 1 else ""
            raise UserError(
                f"{run.path} was begun with {changed[0]} = {value_words(old)}, and its definition says "
                f"{value_words(new)} now{further}: a run keeps its settings. Give the arm another name, or the sweep "
                f"another --dir.",
                ExitCode.BAD_CONFIGURATION,
            )


def left_out(sweep: SweepDirectory, definition: Definition) -> list[str]:
    """The runs that are there already and not in the definition: they stay, and are no part of the sweep any more."""
    names = {member.name for member in definition.members}
    if sweep.runs.is_symlink() or not sweep.runs.is_dir():  # a link leads to all runs, see `seeds`
        return []
    return sorted(path.name for path in sweep.runs.iterdir() if (path / "run.json").exists() and path.name not in names)


def changed_fields(recorded: Mapping[str, Any], config: Config) -> list[str]:
    """The fields in which what a run directory says differs from a configuration."""
    found = []
    for name, field in Config.model_fields.items():
        old, new = recorded.get(name, field.default), getattr(config, name)
        if old != new or isinstance(old, bool) != isinstance(new, bool):
            found.append(name)
    return found


def _known(sweep: SweepDirectory) -> Mapping[str, Config]:
    """The settings of each run as the directory's own definition has them; none where that cannot be read."""
    try:
        members: tuple[Member, ...] = sweep.read_definition().members
    except UserError:
        return {}
    return {member.name: member.config for member in members}
