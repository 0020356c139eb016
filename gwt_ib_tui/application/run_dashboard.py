"""One dashboard after the other: a run, those opened from it, and episodes that are watched, until the user leaves."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.application.alerts import AlertSettings, Notifier, read_alert_settings
from gwt_ib_tui.application.app import ANOTHER, DETACHED, SIGNAL, WATCH, Dashboard
from gwt_ib_tui.application.pace import INTERVAL_S
from gwt_ib_tui.application.preferences import (
    Preferences,
    for_this_terminal,
    preferences_path,
    read_preferences,
    read_run_layout,
    run_layout_path,
    save_preferences,
    save_run_layout,
)
from gwt_ib_tui.garbage import leave_out_what_exists
from gwt_ib_tui.keys.keymap import Keymap, keymap_path, read_keymap
from gwt_ib_tui.state.run.follower import Source
from gwt_ib_tui.terminal import prepare_screen, print_line


def run_dashboard(
    run: RunDirectory,
    *,
    read_only: bool = False,
    interval: float = INTERVAL_S,
    source: Source | None = None,
    compared: Sequence[RunDirectory] = (),
    first_screen: str = "",
    keeps_preferences: bool = True,
    fps: float | None = None,
    on_event: str | None = None,
) -> str:
    """Show a run, and after it each that is opened from its comparison, until the user leaves.

    Returns how the last one was left: `detached`; `stopped` when the user asked for a stop here and the run has ended;
    `ended` when it had ended before; `list` for the list of runs; `signal` for a signal or a terminal that closed. The runs
    are not touched.
    The user's preferences are read and kept for the next time; they are neither without `keeps_preferences`, nor are there
    alerts. At most `fps` pictures a second are made; `on_event` is the command for alerts in place of the user's own.
    """
    leave_out_what_exists()
    prepare_screen()
    interval = 1.0 / fps if fps else interval
    keymap = read_keymap(keymap_path())
    read, problem = read_preferences(preferences_path()) if keeps_preferences else (Preferences(), "")
    alerts = AlertSettings(notify="off")
    if keeps_preferences:
        alerts = read_alert_settings(keymap_path(), os.environ, on_event)
    keymap = replace(keymap, problems=(*keymap.problems, *alerts.problems, *filter(None, [problem])))
    layout = for_this_terminal(read) if keeps_preferences else read
    with Notifier(alerts) as notifier:  # before the application: inside it no process can be started safely
        make = partial(Dashboard, read_only=read_only, interval=interval, compared=compared, notifier=notifier)
        make = partial(make, keymap=keymap, calms_down=fps is None)
        how, layout = _one_after_the_other(
            make, run, layout, keymap, source=source, first_screen=first_screen, keeps_layouts=keeps_preferences
        )
    if keeps_preferences and layout != for_this_terminal(read):
        problem = save_preferences(preferences_path(), layout, read)
        if problem:
            print_line(f"gwt-ib-tui: {problem}", err=True)
    return how


def run_comparison(runs: Sequence[RunDirectory]) -> str:
    """Show runs against the first of them, without control of them; see `run_dashboard`."""
    return run_dashboard(runs[0], read_only=True, compared=runs, first_screen="compare")


def _one_after_the_other(
    make: Callable[..., Dashboard],
    run: RunDirectory,
    layout: Preferences,
    keymap: Keymap,
    *,
    source: Source | None,
    first_screen: str,
    keeps_layouts: bool,
) -> tuple[str, Preferences]:
    """Show a dashboard after each that was left for a run or an episode: how the last was left, and with which layout."""
    said = ""
    while True:
        kept = run_layout_path(run.path) if keeps_layouts else None
        own = read_run_layout(kept, layout)
        first = for_this_terminal(own) if keeps_layouts else own
        app = make(run, source=source, first_screen=first_screen, preferences=first)
        app.first_problem = said
        how = app.run() or DETACHED
        save_run_layout(kept, app.left_here, own)
        layout, source, first_screen, said = app.left_as, None, "", ""
        if how == ANOTHER and app.opened is not None:
            run = app.opened
            continue
        if how == WATCH:
            from gwt_ib_tui.application.watch_app import watched_from

            how, said = watched_from(run, layout, keymap)  # a player is started, so between two applications
            first_screen = app.front
            if how != SIGNAL:
                continue
        return how, layout
