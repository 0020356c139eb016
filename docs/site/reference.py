"""Pages of the site that are made from the tables of the code: commands, settings, exit codes; a hook of MkDocs."""

from __future__ import annotations

import json
import re
from itertools import takewhile
from pathlib import Path
from typing import Any

import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from gwt_ib.config import Config, range_words
from gwt_ib.config_sources import preset_names
from gwt_ib_tui.cli import app

ROOT = Path(__file__).parent.parent.parent


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    for name, page in (("commands", commands_page), ("settings", settings_page), ("exit-codes", exit_codes_page)):
        files.append(File.generated(config, f"reference/{name}.md", content=page()))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links to files beside docs/ lead to the repository."""
    return re.sub(r"\]\(\.\./([^)]+)\)", r"](https://github.com/gwt-ib/gwt-ib/blob/main/\1)", markdown)


def commands_page() -> str:
    """Every command with its help, as the command line prints it."""
    parts = ["# Commands\n\n`gwt-ib-tui COMMAND --help` prints the same.\n"]
    for name, command in typer.main.get_command(app).commands.items():
        words = command.get_help(command.make_context(f"gwt-ib-tui {name}", [], resilient_parsing=True))
        parts.append(f"## {name}\n\n```text\n{words}\n```\n")
    return "\n".join(parts)


def settings_page() -> str:
    """Every setting with default, unit, limits, meaning, and when it can be changed."""
    rows = [
        "# Settings\n",
        f"`--set FIELD=VALUE`, a TOML file (`--config`) or a preset ({', '.join(preset_names())}) gives them; "
        "`gwt-ib-tui config` prints them as a file.\n",
        "| setting | default | unit | limits | meaning | change |",
        "|---|---|---|---|---|---|",
    ]
    for name, field in Config.model_fields.items():
        extra: Any = field.json_schema_extra
        change = "live" if extra["live"] else extra["resume"]
        cells = (
            f"`{name}`",
            f"`{json.dumps(field.default)}`",
            extra["unit"],
            range_words(field),
            field.description or "",
            change,
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    rows.append(
        "\n*live*: also while a run trains (`gwt-ib-tui set`); *free*: by `resume --set`; *override*: by that with "
        "`--override`; *fixed*: never."
    )
    return "\n".join(rows)


def exit_codes_page() -> str:
    """README's table of exit codes."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("| exit code |"))
    return "\n".join(["# Exit codes\n", *takewhile(lambda line: line.startswith("|"), lines[start:])])
