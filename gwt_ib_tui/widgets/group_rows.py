"""The lines of a comparison's table while runs are shown as settings: mean, interval, improvement over the baseline's."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from gwt_ib.results.intervals import Estimate
from gwt_ib.runs.settings import RUN_LOCAL, setting_words
from gwt_ib.text import ABSENT, count, cut_at_end, number, plain
from gwt_ib_tui.charts.compared import group_letters, run_color
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.compare.comparison import Comparison
from gwt_ib_tui.state.compare.group_scores import GroupScore, baselines, group_scores
from gwt_ib_tui.state.compare.run_set import RunEntry
from gwt_ib_tui.state.compare.settings import fitting_settings, short_env_ids
from gwt_ib_tui.widgets.panel import title_line
from gwt_ib_tui.widgets.table import Table, TableColumn

ROOMY = 100
IN_FULL_FROM = 8
"""A table this tall keeps room below the lines for the runs of the chosen setting."""


@dataclass(frozen=True, eq=False)
class GroupRow:
    """One setting: its runs, what they come to by the table's metric, and whether others are compared with it."""

    entries: list[RunEntry]
    score: GroupScore
    based: bool
    chosen: bool
    words: str


def group_lines(
    comparison: Comparison, width: int, height: int, palette: Palette, notes: list[Text | str]
) -> list[Text]:
    """Title with `notes`, header, a line a setting, and below them the runs of the chosen one."""
    rows = group_rows(comparison)
    chosen = next((place for place, row in enumerate(rows) if row.chosen), 0)
    in_full = _in_full(rows[chosen], width, palette) if height >= IN_FULL_FROM else []
    table = _table(comparison, width, palette)
    lines = [_title(comparison, rows[chosen], width, palette, notes), table.header()]
    lines += table.counted(rows, chosen, max(height - 2 - len(in_full), 1), bold=True)
    lines += [Text()] * (height - len(lines) - len(in_full))
    return lines + in_full


def group_rows(comparison: Comparison) -> list[GroupRow]:
    """The settings in the order of their first runs."""
    view, chosen = comparison.runs, comparison.chosen_run
    against = baselines(view, comparison.baseline_run)
    scores = group_scores(view, comparison.metric, comparison.baseline_run)
    env_ids = short_env_ids(entry.env_id for entry in view.entries)
    several = len(env_ids) > 1
    return [
        GroupRow(
            entries,
            scores[number],
            against[number] == number,
            chosen in entries,
            setting_of(entries[0], env_ids[entries[0].env_id] if several else ""),
        )
        for number, entries in enumerate(comparison.groups)
    ]


def setting_of(entry: RunEntry, env: str = "") -> str:
    """In what a run's setting differs from others; its name where there is no other."""
    values = [pair for pair in entry.differs if pair[0] not in RUN_LOCAL and pair[0] != "env_id"]
    return " ".join(filter(None, (env, setting_words(values)))) or plain(entry.env_id, 60).removeprefix("popgym-")


def fitting_setting(entry: RunEntry, width: int, env: str = "") -> str:
    """The same in at most `width` cells, with whole fields."""
    values = [pair for pair in entry.differs if pair[0] not in RUN_LOCAL]
    return fitting_settings(values, width, env) or cut_at_end(setting_of(entry, env), width)


def _title(comparison: Comparison, chosen: GroupRow, width: int, palette: Palette, notes: list[Text | str]) -> Text:
    roomy, score, baseline = width >= ROOMY, chosen.score, comparison.baseline_run
    parts: list[Text | str] = [count(len(comparison.runs.groups)), *notes]
    if score.env_steps is None:
        parts.append("the last of each run")
    else:
        parts.append(f"at {count(score.env_steps)} " + ("env steps, which all have come to" if roomy else "steps"))
    if baseline is not None and len(comparison.runs.groups) > 1:
        part = Text("Δ and P(better) against " if roomy else "Δ, P against ", style=palette.dim)
        letters = group_letters(comparison.groups[baseline.group])
        parts.append(part.append(letters, style=f"bold {run_color(baseline, palette)}"))
    return title_line(palette, "settings", *parts)


def _table(comparison: Comparison, width: int, palette: Palette) -> Table[GroupRow]:
    text, dim, roomy = palette.text, palette.dim, width >= ROOMY
    metric = comparison.metric
    columns: list[TableColumn[GroupRow]] = [
        TableColumn("", 7, lambda row, _: _marks(row, palette), gap=0),
        TableColumn("runs", 5, lambda row, _: (f"{len(row.score.values)}/{len(row.entries)}", dim), 1, right=True),
        TableColumn(cut_at_end(metric, 9), 9, lambda row, _: (_value(row.score.mean), f"bold {text}"), 1, right=True),
        TableColumn("95 % interval", 18, lambda row, _: (_interval(row.score.mean), text), 1),
        TableColumn("Δ", 8, lambda row, _: _delta(row, palette), 1, right=True),
        TableColumn(
            "P(better)" if roomy else "P", 17 if roomy else 4, lambda row, cells: (_better(row, cells), text), 2
        ),
        TableColumn("IQM", 8, lambda row, _: (_value(row.score.iqm), text), 1, right=True),
        TableColumn("setting", 1, lambda row, cells: (cut_at_end(row.words, cells), text), 2, most=width),
    ]
    return Table(columns, width, palette, drop=() if roomy else ("IQM",))


def _marks(row: GroupRow, palette: Palette) -> Text:
    return Text.assemble(
        ("›" if row.chosen else " ", f"bold {palette.line}"),
        (f"━{group_letters(row.entries)[:4]:4}", f"bold {run_color(row.entries[0], palette)}"),
        ("=" if row.based else " ", palette.target),
    )


def _value(found: Estimate | None) -> str:
    return number(None if found is None else found.value)


def _interval(found: Estimate | None) -> str:
    if found is None or found.low is None or found.high is None:
        return ABSENT
    return f"[{number(found.low)}, {number(found.high)}]"


def _delta(row: GroupRow, palette: Palette) -> tuple[str, str]:
    if row.based:
        return "baseline", palette.target
    delta = row.score.delta
    return (ABSENT if delta is None else ("+" if delta > 0 else "") + number(delta)), palette.text


def _better(row: GroupRow, cells: int) -> str:
    found = row.score.better
    if found is None:
        return "" if row.based else ABSENT
    words = f"{found.value:.2f}"
    if found.low is not None and found.high is not None:
        words += f" [{found.low:.2f}, {found.high:.2f}]"
    return words if len(words) <= cells else words[:4]


def _in_full(row: GroupRow, width: int, palette: Palette) -> list[Text]:
    """The chosen setting, and its runs with their values."""
    name = Text(f" {group_letters(row.entries)} ", style=f"bold {run_color(row.entries[0], palette)}")
    name.append(
        cut_at_end(f"{plain(row.entries[0].env_id, 100)} · {row.words}", max(width - name.cell_len, 1)),
        style=palette.text,
    )
    seeds = [f"{entry.letter} seed {plain(entry.seed)}" for entry in row.entries]
    values = [number(value) for value in row.score.values]
    if len(values) == len(seeds):
        seeds = [f"{seed}: {value}" for seed, value in zip(seeds, values, strict=True)]
    words = "  "
    for place, seed in enumerate(seeds):
        more = f"  and {len(seeds) - place} more"
        if len(words) + len(seed) + 2 + (len(more) if place + 1 < len(seeds) else 0) > width:
            words += more
            break
        words += f" {seed} "
    return [name, Text(cut_at_end(words, width), style=palette.dim)]
