"""The options and arguments that several commands share, and the run that is named."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer
from typer.core import TyperCommand

from gwt_ib_tui.commands.completion import complete_run

if TYPE_CHECKING:
    from gwt_ib.runs.directory import RunDirectory

EnvId = Annotated[
    str | None, typer.Argument(metavar="ENV_ID", help="Default {env_id}; any Gymnasium id, or module:env-id.")
]
Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="Directory, name under runs/, name given by label, or latest.",
        autocompletion=complete_run,
    ),
]
Runs = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...",
        help="Directories, names under runs/, names given by label, or latest.",
        autocompletion=complete_run,
    ),
]
ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE.toml", help="TOML file of settings.")]
Preset = Annotated[str | None, typer.Option("--preset", metavar="NAME", help="A named set of settings: {presets}.")]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Any setting; see `gwt-ib-tui config`.")
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of the run.")]
TotalTimesteps = Annotated[
    int | None, typer.Option("--total-timesteps", metavar="N", help="Length of the run in steps.")
]
Fps = Annotated[
    float | None,
    typer.Option("--fps", metavar="N", min=0.1, max=30.0, help="Pictures a second of the dashboard, at most."),
]
OnEvent = Annotated[
    str | None,
    typer.Option("--on-event", metavar="COMMAND", help="Run it when the run fails, finishes or has another verdict."),
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON on stdout.")]
Requirement = Literal["training", "gate", "both"]
RequireGateCheck = Annotated[
    Requirement | None,
    typer.Option(
        "--require-gatecheck",
        metavar="[training|gate|both]",
        help="Exit with 3 unless training passes, the gate works, or both; alone it means training.",
    ),
]


class Command(TyperCommand):
    """A command in which `--require-gatecheck` may stand alone, and whose help names the task and the presets."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Put in what the configuration knows: only help needs it, so only help waits for it."""
        from gwt_ib.config import Config
        from gwt_ib.config_sources import preset_names

        facts = {"{env_id}": Config.model_fields["env_id"].default, "{presets}": ", ".join(preset_names())}
        for parameter in self.params:
            words = getattr(parameter, "help", None) or ""
            for name, fact in facts.items():
                words = words.replace(name, fact)
            parameter.help = words  # type: ignore[attr-defined]
        super().format_help(ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give the option that stands alone its value; typer knows no optional ones."""
        words, name = get_args(Requirement), "--require-gatecheck"
        alone = [arg == name and not _is_meant(following, words) for arg, following in pairwise((*args, ""))]
        given = [f"{name}={words[0]}" if bare else arg for arg, bare in zip(args, alone, strict=True)]
        return list(super().parse_args(ctx, given))


def _is_meant(following: str, words: Sequence[str]) -> bool:
    """Whether what follows the option is its word: one of them, or one that is spelt wrong and will be refused."""
    if following in words:
        return True
    return bool(get_close_matches(following, words, cutoff=0.8)) and not Path(following).exists()


def find_run(name: str) -> RunDirectory:
    """The run of an argument `RUN`. Raises `UserError`."""
    from gwt_ib.runs import directory

    return directory.find_run(name)
