"""GateCheck in full: both verdicts, every rule, what to do about the chosen one, and whether the gate is a cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import reactive

from gwt_ib.gatecheck.rules import RULES
from gwt_ib_tui.charts.plotted import plot_of_rule
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.widgets.check_panels import RulePanel, RulesPanel, TrendPanel, VerdictPanel
from gwt_ib_tui.widgets.effects_panel import EffectsPanel
from gwt_ib_tui.widgets.verdict import chosen_of, stepped

if TYPE_CHECKING:
    from gwt_ib.figures.plot import Plot

RULE_ROWS = len(RULES) + 1  # a row each, and the table's header
LOW, TALL = 24, 34  # below LOW the verdicts are a line, and the rules have all the room


class GateCheckScreen(RunScreen):
    """Both verdicts, the rules, the chosen one with its trend, and what the gate is worth against each replacement."""

    PAGES = ("rules", "rule", "cause")
    SCOPES = ("check", "app", "replay")
    CSS = f"""
    GateCheckScreen.-page-rules #rules {{ height: {RULE_ROWS}; }}
    GateCheckScreen.-wide.-tall #check-panels {{ grid-rows: 2 {RULE_ROWS} 3fr 2fr; }}
    """

    HEIGHTS = ((0, "-low"), (LOW, "-short"), (TALL, "-tall"))
    selected: reactive[str] = reactive("", repaint=False)

    def compose_panels(self) -> ComposeResult:
        """From the top down."""
        follow = (RunScreen.run_view, GateCheckScreen.selected)
        charts = (*follow, RunScreen.view)
        with Container(id="check-panels"):
            yield VerdictPanel(id="verdict").data_bind(RunScreen.run_view).add_class("rules", "cause")
            yield RulesPanel(id="rules").data_bind(*charts).add_class("card", "rules")
            yield RulePanel(id="rule").data_bind(*follow).add_class("card", "rules", "rule")
            yield EffectsPanel(id="effects").data_bind(RunScreen.run_view, RunScreen.view).add_class("card", "cause")
            yield TrendPanel(id="trend").data_bind(*charts).add_class("card", "rule")

    def plotted(self) -> Plot | None:
        """The trend of the chosen rule."""
        verdict = None if self.run_view is None else self.run_view.verdict
        chosen = chosen_of(verdict, self.selected)
        return None if self.run_view is None or chosen is None else plot_of_rule(self.run_view, chosen)

    def action_choose_rule(self, by: int) -> None:
        """Choose the rule some places below, or above."""
        verdict = None if self.run_view is None else self.run_view.verdict
        self.selected = stepped(verdict, self.selected, by)

    def on_rules_panel_chosen(self, event: RulesPanel.Chosen) -> None:
        """A click chooses as the keys do."""
        event.stop()
        self.selected = event.kind
