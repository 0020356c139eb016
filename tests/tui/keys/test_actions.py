"""The table of actions: every row calls something that is there, and no two rows are in each other's way."""

from __future__ import annotations

import inspect
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from textual.actions import parse
from textual.dom import DOMNode

from gwt_ib_tui.application.app import NEEDS, Dashboard
from gwt_ib_tui.charts.selection import Selection
from gwt_ib_tui.charts.view import ChartView, Scrub
from gwt_ib_tui.keys.action import ON_APP, Action, Scope
from gwt_ib_tui.keys.actions import ACTIONS
from gwt_ib_tui.keys.keymap import Keymap
from gwt_ib_tui.screens.chart_screen import ChartScreen
from gwt_ib_tui.screens.compare_screen import CompareScreen
from gwt_ib_tui.screens.dialogs import DeleteDialog, QuitDialog, SettingDialog, SweepQuitDialog
from gwt_ib_tui.screens.gate_check_screen import GateCheckScreen
from gwt_ib_tui.screens.gate_screen import GateScreen
from gwt_ib_tui.screens.help_screen import HelpScreen
from gwt_ib_tui.screens.live_screen import LiveScreen
from gwt_ib_tui.screens.log_screen import LogScreen
from gwt_ib_tui.screens.run_list_screen import RunListScreen
from gwt_ib_tui.screens.settings_screen import SettingsScreen
from gwt_ib_tui.screens.sweep_screen import SweepScreen
from gwt_ib_tui.screens.watch_screen import WatchScreen
from gwt_ib_tui.state.replay.replay import Replay
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.playback import Playback
from gwt_ib_tui.widgets.filter_line import FilterInput
from gwt_ib_tui.widgets.key_bar import ALWAYS_SHOWN, FIRST_LEFT_OUT
from gwt_ib_tui.widgets.label_line import LabelInput
from gwt_ib_tui.widgets.log_pane import LogPane

KEYED = (
    LiveScreen,
    GateScreen,
    GateCheckScreen,
    LogScreen,
    CompareScreen,
    SettingsScreen,
    RunListScreen,
    SweepScreen,
    WatchScreen,
    QuitDialog,
    SweepQuitDialog,
    HelpScreen,
    SettingDialog,
    DeleteDialog,
    FilterInput,
    LabelInput,
)


def owners(action: Action) -> list[type[DOMNode]]:
    if parse(action.command)[0] == "app":
        return [Dashboard]
    return [node for node in KEYED if action.scope in node.SCOPES]


def fits(value: object, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    return hint not in (int, float, str, bool) or type(value) is hint


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_row_calls_a_method_that_takes_its_arguments(action: Action) -> None:
    _, method, arguments = parse(action.command)
    assert owners(action), "no screen lists its scope"
    for owner in owners(action):
        found = getattr(owner, f"action_{method}")
        bound = inspect.signature(found).bind(owner, *arguments)
        hints = get_type_hints(found) if found.__module__.startswith("gwt_ib_tui") else {}
        for name, value in list(bound.arguments.items())[1:]:
            assert all(fits(one, hints.get(name)) for one in (value if isinstance(value, tuple) else [value]))


def test_what_is_called_by_name_is_there() -> None:
    for hinted, name, owner in (
        (ChartScreen.action_change_view, "change", ChartView),
        (ChartScreen.action_change_rows, "change", ChartView),
        (LiveScreen.action_select_charts, "change", Selection),
        (GateScreen.action_scrub, "change", Scrub),
        (Dashboard.action_play, "change", Playback),
        (LogScreen.action_show_lines, "which", LogPane),
    ):
        assert all(callable(getattr(owner, method)) for method in get_args(get_type_hints(hinted)[name]))


def test_an_identifier_names_one_action() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS) == len(NEEDS)
    assert {*ALWAYS_SHOWN, *FIRST_LEFT_OUT} <= set(NEEDS)


def test_every_scope_is_that_of_some_screen_and_of_no_unknown_source() -> None:
    listed = {scope for node in KEYED for scope in node.SCOPES}
    assert listed == {action.scope for action in ACTIONS} == set(get_args(Scope))
    assert {*Feed.scopes, *Replay.scopes} == ON_APP - {"app"}


@pytest.mark.parametrize("scope", ["quit", "help", "setting", "filter", "runs", "sweep_quit", "label", "delete"])
def test_where_one_scope_is_alone_a_key_has_one_action(scope: Scope) -> None:
    keys = [key for action in Keymap().of(scope) for key in action.keys]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("screen", [SweepScreen, RunListScreen], ids=["sweep", "runs"])
def test_in_a_list_of_runs_a_key_has_one_action(screen: type[SweepScreen] | type[RunListScreen]) -> None:
    keys = [key for action in Keymap().of(*screen.SCOPES) for key in action.keys]
    assert len(keys) == len(set(keys))
