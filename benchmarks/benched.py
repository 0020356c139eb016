"""What `gwt-ib-tui bench --json` says of a configuration; shared by the scripts that vary one."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def bench(settings: dict[str, Any], updates: int, warm_up: int = 5) -> dict[str, Any]:
    """The figures of one bench, run in a process of its own. Its complaint ends this program."""
    options = [word for name, value in settings.items() for word in ("--set", f"{name}={json.dumps(value)}")]
    length = ["--updates", str(updates), "--warm-up", str(warm_up)]
    command = [sys.executable, "-m", "gwt_ib_tui", "bench", "--json", *length, *options]
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if result.returncode:
        raise SystemExit(f"bench with {settings}: {result.stderr.strip()}")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def section_ms(found: dict[str, Any], process: str, section: str) -> float:
    """The mean time of a section in an update, 0 where there is none of that name."""
    rows = found["sections"]
    return sum(row["mean_ms"] for row in rows if (row["process"], row["section"]) == (process, section))


def parse_settings(assignments: list[str]) -> dict[str, Any]:
    """`FIELD=VALUE` as a user writes it; a value that is no JSON is a text."""
    settings: dict[str, Any] = {}
    for assignment in assignments:
        name, _, text = assignment.partition("=")
        try:
            settings[name] = json.loads(text)
        except ValueError:
            settings[name] = text
    return settings


def table_row(cells: list[str]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |\n"


def table_head(columns: list[str]) -> str:
    """The head of a Markdown table."""
    return table_row(columns) + table_row(["---"] * len(columns)).replace(" ", "")
