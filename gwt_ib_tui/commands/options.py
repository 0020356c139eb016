"""The options and arguments that several commands share, and the run that is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gwt_ib.runs.directory import RunDirectory

EnvId = Annotated[str | None, typer.Argument(metavar="ENV_ID", help="Gymnasium id, or module:env-id.")]
Run = Annotated[str, typer.Argument(metavar="RUN", help="Directory, name under runs/, or latest.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE.toml", help="TOML file of settings.")]
Preset = Annotated[str | None, typer.Option("--preset", metavar="NAME", help="A named set of settings.")]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Any setting; see `gwt-ib-tui config`.")
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of the run.")]
TotalTimesteps = Annotated[
    int | None, typer.Option("--total-timesteps", metavar="N", help="Length of the run in steps.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON on stdout.")]
RequireGateCheck = Annotated[bool, typer.Option("--require-gatecheck", help="Exit with 3 unless GateCheck passes.")]


def find_run(name: str) -> RunDirectory:
    """The run of an argument `RUN`. Raises `UserError`."""
    from gwt_ib.runs import directory

    return directory.find_run(name)
