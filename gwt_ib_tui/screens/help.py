"""Every key, and what each metric means: made from the table of actions and the table of metrics."""

from __future__ import annotations

from itertools import groupby
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from gwt_ib.runs.metrics import METRICS
from gwt_ib_tui.action_table import ACTIONS, actions_of
from gwt_ib_tui.actions import Action, bindings
from gwt_ib_tui.charts.palette import Palette, palette_of
from gwt_ib_tui.screens.keyed import Keyed
from gwt_ib_tui.state.snapshot import Snapshot
from gwt_ib_tui.text import number


class HelpScreen(Keyed, ModalScreen[None]):
    """Keys and metrics, with each metric's present value."""

    SCOPES = ("help",)
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(actions_of(*SCOPES)))

    def __init__(self, snapshot: Snapshot | None, actions: tuple[Action, ...] = ACTIONS) -> None:
        """`actions` are those of the table, with the user's own keys."""
        super().__init__()
        self._actions = actions
        self._snapshot = snapshot

    def compose(self) -> ComposeResult:
        """One column that scrolls."""
        palette = palette_of(self.app.current_theme)
        with VerticalScroll(id="help") as column:
            column.border_subtitle = "↓ ↑ scroll, esc closes"
            yield Static(Text("Keys", style=f"bold {palette.line}"))
            yield Static(keys_table(palette, self._actions))
            yield Static(Text("\nMetrics", style=f"bold {palette.line}"))
            yield Static(metrics_table(palette, self._snapshot))

    def action_close(self) -> None:
        """Back to the dashboard."""
        self.dismiss()

    def action_scroll_help_down(self) -> None:
        """Further down."""
        self.query_one("#help").scroll_relative(y=5, animate=False)

    def action_scroll_help_up(self) -> None:
        """Further up."""
        self.query_one("#help").scroll_relative(y=-5, animate=False)


def keys_table(palette: Palette, actions: tuple[Action, ...] = ACTIONS) -> Table:
    """All actions by group."""
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True, style=f"bold {palette.target}")
    table.add_column(no_wrap=True, style=f"bold {palette.text}")
    table.add_column(ratio=1, style=palette.text)
    for group, members in groupby(actions, key=lambda action: action.group):
        table.add_row("", Text(group, style=palette.dim), "")
        for action in members:
            table.add_row(Text(action.keys_shown), Text(action.title), Text(action.description))
    return table


def metrics_table(palette: Palette, snapshot: Snapshot | None) -> Table:
    """All metrics: name, present value, meaning, unit, healthy range."""
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True, style=f"bold {palette.text}")
    table.add_column(no_wrap=True, justify="right", style=palette.line)
    table.add_column(ratio=1, style=palette.text)
    for metric in METRICS:
        value = None if snapshot is None else snapshot.metric(metric.name)
        meaning = Text(metric.meaning + (f" [{metric.unit}]" if metric.unit else ""))
        if metric.healthy:
            meaning.append(f"  healthy: {metric.healthy}", style=palette.good)
        table.add_row(Text(metric.name), Text(number(value)), meaning)
    return table
