"""Every key, and what each metric means: made from the table of actions and the table of metrics."""

from __future__ import annotations

from itertools import groupby

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from gwt_ib.config import Config
from gwt_ib.gatecheck.findings import GATE_VERDICTS
from gwt_ib.gatecheck.rules import RULES
from gwt_ib.replacements import REPLACEMENTS
from gwt_ib.runs.events import MARKED
from gwt_ib.runs.metrics import METRICS
from gwt_ib.text import ABSENT, count, number, plain
from gwt_ib_tui.charts.palette import Palette, palette_of
from gwt_ib_tui.fallbacks import keys_in_words
from gwt_ib_tui.keys.action import Action
from gwt_ib_tui.keys.actions import ACTIONS
from gwt_ib_tui.keys.keymap import Keyed
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.terminal import in_plain_screen
from gwt_ib_tui.widgets.verdict import gate_word, metric_status, short_name, status_word


class HelpScreen(Keyed, ModalScreen[None]):
    """Keys and metrics, with each metric's present value."""

    SCOPES = ("help",)

    def __init__(self, run_view: RunView | None, actions: tuple[Action, ...] = ACTIONS) -> None:
        """`actions` are those of the table, with the user's own keys."""
        super().__init__()
        self._actions = actions
        self._run_view = run_view

    def compose(self) -> ComposeResult:
        """One column that scrolls."""
        palette = palette_of(self.app.current_theme)
        with VerticalScroll(id="help") as column:
            column.border_subtitle = "↓ ↑ scroll, n next part, esc closes"
            for title, table in (
                ("Keys", keys_table(palette, self._actions)),
                ("Metrics", metrics_table(palette, self._run_view)),
                ("GateCheck", rules_table(palette, self._run_view)),
                ("The verdict on the gate", gate_table(palette, self._run_view)),
                ("Markers on the axis of charts", markers_table(palette)),
            ):
                yield Static(Text(title, style=f"bold {palette.line}"), classes="part")
                yield Static(table)

    def action_next_part(self) -> None:
        """The next heading at the top; from the last on to the first."""
        column = self.query_one("#help")
        places = [part.virtual_region.y - part.styles.margin.top for part in self.query(".part")]
        reachable = [min(place, column.max_scroll_y) for place in places]
        column.scroll_to(y=next((place for place in reachable if place > column.scroll_y), 0), animate=False)

    def action_scroll_help(self, by: int) -> None:
        """Some lines down, or up."""
        self.query_one("#help").scroll_relative(y=by, animate=False)


def markers_table(palette: Palette) -> Table:
    """The marker of each kind of event, also as it is where charts are drawn with ASCII, and what it means."""
    table = _grid(palette, "", "")
    for kind in MARKED:
        style = f"bold {palette.of_severity(kind.severity)}"
        table.add_row(Text(kind.marker, style=style), Text(kind.ascii, style=style), Text(kind.meaning))
    return table


def keys_table(palette: Palette, actions: tuple[Action, ...] = ACTIONS) -> Table:
    """All actions by group: keys, then title and description, which narrow windows have no two columns for."""
    table = _grid(palette, f"bold {palette.target}")
    for group, members in groupby(actions, key=lambda action: action.group):
        table.add_row("", Text(group, style=palette.dim))
        for action in members:
            words = Text.assemble((action.title, f"bold {palette.text}"), f"  {action.description}")
            shown = keys_in_words(action.keys_shown) if in_plain_screen() else action.keys_shown
            table.add_row(Text(shown), words)
    return table


def metrics_table(palette: Palette, run_view: RunView | None) -> Table:
    """All metrics: name, present value, meaning, unit, healthy range and what to do when it is left."""
    table = _grid(palette, f"bold {palette.text}", palette.line)
    table.columns[1].justify = "right"
    config = (run_view and run_view.config) or Config()
    for metric in METRICS:
        value = None if run_view is None else run_view.metric(metric.name)
        whole = run_view is not None and isinstance(run_view.row.get(metric.name), int)
        meaning = Text(metric.meaning + (f" [{metric.unit}]" if metric.unit else ""))
        if healthy := metric.healthy_words(config):
            status = "" if run_view is None else metric_status(metric, run_view)[0]
            _say(meaning, "healthy", healthy, palette.good, palette, status)
            _say(meaning, "else", metric.remedy, palette.target, palette)
        table.add_row(Text(metric.name), Text(count(value) if whole else number(value)), meaning)
    return table


def rules_table(palette: Palette, run_view: RunView | None) -> Table:
    """GateCheck's rules: name, present status, what each asks, its threshold, and what to do where it does not pass."""
    table = _grid(palette, f"bold {palette.text}", "")
    findings = run_view.verdict.findings if run_view and run_view.verdict else ()
    found = {finding.kind: finding for finding in findings}
    for rule in RULES:
        finding = found.get(rule.kind)
        asks = Text(rule.asks + (" It decides the verdict on training." if rule.decides else ""))
        if finding is not None and finding.threshold:
            _say(asks, "to pass", plain(finding.threshold), palette.good, palette)
        _say(asks, "else", rule.remedy, palette.target, palette)
        status = status_word(finding.status, palette) if finding else Text(ABSENT)
        table.add_row(Text(short_name(rule.kind)), status, asks)
    return table


def gate_table(palette: Palette, run_view: RunView | None) -> Table:
    """The verdicts on the gate, the present one marked, and what the gate is replaced by to find out."""
    table = _grid(palette, "", "")
    present = run_view.verdict.gate.status if run_view and run_view.verdict else ""
    for verdict, meaning in GATE_VERDICTS.items():
        table.add_row(gate_word(verdict, palette), "›" if verdict == present else "", meaning)
    for word, meaning in REPLACEMENTS.items():
        table.add_row(Text(f"  {word}", style=f"bold {palette.text}"), "", f"in place of the learned gate: {meaning}")
    return table


def _grid(palette: Palette, *styles: str) -> Table:
    """A table of a column for each style, and a wide one for sentences."""
    table = Table.grid(padding=(0, 2), expand=True)
    for style in styles:
        table.add_column(no_wrap=True, style=style)
    table.add_column(ratio=1, style=palette.text)
    return table


def _say(text: Text, label: str, words: str, color: str, palette: Palette, status: str = "") -> None:
    """Add a line with a label, and a status before it where there is one."""
    text.append("\n")
    if status:
        text.append_text(status_word(status, palette)).append(" ")
    text.append(f"{label}: ", style=color)
    text.append(words, style=palette.dim)
