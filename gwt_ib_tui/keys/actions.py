"""The one table of everything that can be done. Bindings, footer, command palette, help and docs are made from it."""

from __future__ import annotations

from dataclasses import replace

from gwt_ib_tui.keys.action import Action, Scope


def _section(group: str, scope: Scope, *actions: Action) -> tuple[Action, ...]:
    return tuple(replace(action, group=group, scope=scope) for action in actions)


# fmt: off
ACTIONS: tuple[Action, ...] = (
    *_section("Screens", "app",
        Action("next_page", ("n", "tab"), "Next page", "In a small window: turn to the next page",
               call="turn_page(1)", in_footer=True, needs="pages"),
        Action("previous_page", ("N", "shift+tab"), "Previous page", "Turn back a page", call="turn_page(-1)",
               needs="pages"),
        Action("show_live", ("1", "escape"), "Live", "The overview of the run", call="show('live')",
               footer_group="Screen"),
        Action("show_gate", ("2", "g"), "Gate", "The gate through the whole training: curve, ghost, distribution, "
               "budget, correlations", call="show('gate')", footer_group="Screen"),
        Action("show_check", ("3", "v"), "GateCheck", "Both verdicts, every rule with its number, threshold and "
               "trend, what to do about one of them, and whether the gate is a cause", call="show('check')",
               footer_group="Screen"),
        Action("show_log", ("4", "a"), "Log", "Actors and log: the run's processes, the CPU and memory that they "
               "use, and what they log and print", call="show('log')", footer_group="Screen"),
        Action("show_compare", ("5", "c"), "Compare", "This run against the others in its folder: curves, values, "
               "differences from a baseline", call="show('compare')", footer_group="Screen"),
        Action("show_settings", ("6",), "Settings", "Every setting of the run with its value now, those that are not "
               "the default first", call="show('settings')", footer_group="Screen"),
    ),
    *_section("View", "app",
        Action("freeze_display", ("d",), "Freeze display", "Freeze the display while training goes on; press again "
               "to show the newest", call="freeze_display", in_footer=True, needs="news"),
        Action("reset_layout", ("R",), "Reset view", "Look at the run as in the beginning: axis, scale, smoothing, symbols, "
               "window, choice of metrics, page"),
        Action("write_figure", ("P",), "Figure", "Write the chosen chart, of none chosen all on show, as a figure for a "
               "paper into plots/ of the run, with its data as CSV; axis, window and smoothing are those of the charts; "
               "its path is shown and sent to the clipboard"),
        Action("show_help", ("question_mark", "f1"), "Help", "Keys, and what each metric means", in_footer=True),
        Action("ask_to_quit", ("q", "ctrl+c"), "Quit", "Leave: detach from the run, stop it, or cancel; leaves at "
               "once when the run has ended", in_footer=True),
    ),
    *_section("Training", "app",
        Action("pause_or_go_on", ("space",), "Pause", "Pause the training after the update it is in, or let it go "
               "on; the display stays live", in_footer=True, needs="control"),
        Action("snapshot", ("s",), "Snapshot", "Save a snapshot now, with a report beside it: this screen as a "
               "picture, the newest metrics, the verdict; its path is shown and sent to the clipboard", in_footer=True,
               needs="control"),
        Action("evaluate_now", ("e",), "Evaluate", "Evaluate the current weights; the mean return is shown when it "
               "is done; of a run that has ended the command that does it is shown and sent to "
               "the clipboard",
               footer_group="Evaluate", needs="shell"),
        Action("evaluate_gate", ("E",), "Evaluate gate", "Play episodes with the gate replaced, and held in a part of "
               "their steps, to see what it is worth; of a run that has ended the command that does it is shown and "
               "sent to the clipboard", footer_group="Evaluate", needs="shell"),
        Action("watch", ("W",), "Watch", "Watch an episode that the newest snapshot plays, step by step; leaving it "
               "returns here"),
        Action("change_setting", ("t",), "Change setting", "Change lr, ent_coef, lambda_c or target_c while the run "
               "trains", in_footer=True, needs="control"),
        Action("show_resume", ("r",), "Resume", "Of a run that has ended: show the command that takes it up "
               "again", in_footer=True, needs="ended"),
        Action("open_list", ("L",), "Runs", "Of a run that has ended: leave it for the list of all runs in its folder",
               in_footer=True, needs="ended"),
    ),
    *_section("In a replay", "replay",
        Action("play_or_pause", ("space",), "Play", "Play the recorded run, or pause it; from its end, play it from "
               "the start", call="play('toggled')", in_footer=True),
        Action("seek_back", ("left_square_bracket",), "Back", "Go back by 2 % of the run",
               call="play('moved', -0.02)", footer_group="Seek"),
        Action("seek_on", ("right_square_bracket",), "Forward", "Go forward by 2 % of the run",
               call="play('moved', 0.02)", footer_group="Seek"),
        Action("leap_back", ("left_curly_bracket",), "Far back", "Go back by 10 % of the run",
               call="play('moved', -0.1)"),
        Action("leap_on", ("right_curly_bracket",), "Far forward", "Go forward by 10 % of the run",
               call="play('moved', 0.1)"),
        Action("slower", ("less_than_sign",), "Slower", "Play at the next lower speed, from 0.25 to 1,000 times that "
               "of the recording", call="play('at_speed', -1)", footer_group="Speed"),
        Action("faster", ("greater_than_sign",), "Faster", "Play at the next higher speed",
               call="play('at_speed', 1)", footer_group="Speed"),
    ),
    *_section("Charts", "charts",
        Action("cursor_left", ("left",), "Cursor back", "Put a cursor on the charts and move it back: it reads the "
               "exact values of all charts at one place", call="change_rows('moved', -1)", footer_group="Charts"),
        Action("cursor_right", ("right",), "Cursor forward", "Move the cursor forward",
               call="change_rows('moved', 1)", footer_group="Charts"),
        Action("cursor_first", ("home",), "Cursor to first", "Move the cursor to the first row",
               call="change_rows('at_first')"),
        Action("cursor_newest", ("end",), "Cursor to newest", "Move the cursor to the newest row",
               call="change_rows('at_newest')"),
        Action("cursor_off", ("escape",), "Cursor off", "Remove the cursor", call="change_view('without_cursor')"),
        Action("copy_values", ("y",), "Copy values", "Copy the values at the cursor, or the newest ones, of all "
               "charts on show: name, x and value, with a tab between them"),
        Action("zoom_in", ("plus", "equals_sign"), "Zoom in", "Show half as much of the x axis, around the cursor or "
               "up to the newest row", call="change_rows('zoomed', 2.0)"),
        Action("zoom_out", ("minus",), "Zoom out", "Show twice as much of it", call="change_rows('zoomed', 0.5)"),
        Action("pan_left", ("shift+left",), "Pan back", "Move the window back by a quarter",
               call="change_rows('panned', -0.25)"),
        Action("pan_right", ("shift+right",), "Pan forward", "Move the window forward by a quarter; at the newest "
               "row it follows again", call="change_rows('panned', 0.25)"),
        Action("reset_view", ("0",), "Whole run", "Show all of the x axis, and no cursor",
               call="change_view('reset')"),
        Action("next_axis", ("x",), "X axis", "Change the x axis: environment steps, updates or wall time"),
        Action("toggle_log_x", ("X",), "Log x", "Switch between a linear and a logarithmic x axis",
               call="toggle_view('log_x')"),
        Action("toggle_log", ("l",), "Log y", "Switch between a linear and a logarithmic y axis",
               call="toggle_view('log_y')"),
        Action("next_smoothing", ("m",), "Smoothing", "Smooth more, and after the most not at all; the range of the "
               "values stays behind", call="change_view('next_smoothing')"),
        Action("next_outliers", ("o",), "Outliers", "Show all values; then leave the highest and lowest 1 % out of the "
               "y axis; then again only what happened at the very start", call="change_view('next_outliers')"),
        Action("next_symbols", ("b",), "Symbols", "Draw with braille, blocks or ASCII",
               call="change_view('next_symbols')"),
        Action("next_charts", ("pagedown",), "More charts", "Show the next charts, when there are more than fit",
               call="turn_charts(1)"),
        Action("previous_charts", ("pageup",), "Previous charts", "Show the charts before them",
               call="turn_charts(-1)"),
    ),
    *_section("On Live", "live",
        Action("filter_metrics", ("slash",), "Filter", "Choose the metrics to show by words that must all match "
               "(a|b: either) a part or pattern of a name, or the meaning; no words show the overview",
               footer_group="Charts", priority=True),
        Action("next_chart", ("down",), "Next chart", "Choose the next chart", call="select_charts('moved', 1)"),
        Action("previous_chart", ("up",), "Previous chart", "Choose the previous chart",
               call="select_charts('moved', -1)"),
        Action("show_alone", ("f",), "Large chart", "Show the chosen chart at full size, or all charts again",
               call="select_charts('toggled')"),
        Action("show_together", ("escape",), "All charts", "Go back from the large chart to all charts",
               call="select_charts('together')"),
        Action("next_finding", ("j",), "Next rule", "Choose the next rule of GateCheck; its next step is shown",
               call="choose_rule(1)"),
        Action("previous_finding", ("k",), "Previous rule", "Choose the previous rule", call="choose_rule(-1)"),
    ),
    *_section("On Gate", "gate",
        Action("earlier", ("left",), "Earlier", "Show the previous recorded moment", call="scrub('moved', -1)",
               footer_group="Scrub"),
        Action("later", ("right",), "Later", "Show the next recorded moment", call="scrub('moved', 1)",
               footer_group="Scrub"),
        Action("much_earlier", ("shift+left",), "10 earlier", "Go ten recorded moments back",
               call="scrub('moved', -10)"),
        Action("much_later", ("shift+right",), "10 later", "Go ten recorded moments forward",
               call="scrub('moved', 10)"),
        Action("first", ("home",), "First", "Show the first moment", call="scrub('at_first')"),
        Action("newest", ("end",), "Newest", "Show the newest moment, and follow it when newer ones come"),
        Action("pin_ghost", ("p",), "Pin ghost", "Make this moment the ghost to compare others with; press again to "
               "go back to the first", call="scrub('pinned')", in_footer=True),
    ),
    *_section("On GateCheck", "check",
        Action("next_rule", ("down", "j"), "Next rule", "Choose the rule below; evidence, next step and trend are "
               "those of the chosen rule", call="choose_rule(1)", footer_group="Rule"),
        Action("previous_rule", ("up", "k"), "Previous rule", "Choose the rule above", call="choose_rule(-1)",
               footer_group="Rule"),
        Action("show_rule", ("enter",), "Details", "In a small window: the chosen rule in full, then whether the gate "
               "is a cause, then all rules again", call="app.turn_page(1)", needs="pages"),
    ),
    *_section("On Log", "log",
        Action("next_level", ("i",), "Level", "Show all lines, or only records from INFO, WARNING or ERROR up",
               call="show_lines('next_level')", in_footer=True),
        Action("next_process", ("w",), "Process", "Show the lines of all processes, or of one at a time",
               call="show_lines('next_process')", in_footer=True),
        Action("toggle_details", ("f",), "Details", "Show the lines as they were written, with the ids of requests and "
               "whole paths, or leave these out again", call="show_lines('toggle_details')", in_footer=True),
        Action("line_up", ("up",), "Line up", "Scroll up by a line; the log stops following its end",
               call="show_lines('scroll', -1)"),
        Action("line_down", ("down",), "Line down", "Scroll down by a line; at the last one the log follows its end "
               "again", call="show_lines('scroll', 1)"),
        Action("page_up", ("pageup",), "Page up", "Scroll up by a page", call="show_lines('page', -1)"),
        Action("page_down", ("pagedown",), "Page down", "Scroll down by a page", call="show_lines('page', 1)"),
        Action("oldest_line", ("home",), "Oldest", "Go to the oldest line that is kept",
               call="show_lines('go_to_first')"),
        Action("follow_log", ("end",), "Follow", "Go to the newest line, and follow", call="show_lines('follow')"),
    ),
    *_section("On Compare", "compare",
        Action("next_run", ("down",), "Next run", "Choose the next run: its curve is drawn in front",
               call="choose_run(1)", footer_group="Run"),
        Action("previous_run", ("up",), "Previous run", "Choose the previous run", call="choose_run(-1)",
               footer_group="Run"),
        Action("open_run", ("enter",), "Open", "Open the dashboard of the chosen run", in_footer=True),
        Action("make_baseline", ("B",), "Baseline", "Compare the other runs with the chosen one"),
        Action("toggle_groups", ("G",), "Groups", "Show runs that differ only in their seed as one mean with its 95 % "
               "interval, then with a band from lowest to highest, then as single runs", in_footer=True),
        Action("toggle_apart", ("A",), "Apart", "A chart for each setting, by the chosen metric and on the same axes, or "
               "a chart for each metric", in_footer=True),
        Action("next_metric", ("j",), "Next metric", "Choose the next chart; the table shows its metric",
               call="choose_chart(1)"),
        Action("previous_metric", ("k",), "Previous metric", "Choose the previous chart", call="choose_chart(-1)"),
        Action("show_alone", ("f",), "Large chart", "Show the chosen chart at full size, or all charts again"),
    ),
    *_section("On Settings", "settings",
        Action("next_setting", ("down", "j"), "Next setting", "Choose the next setting; it is told in full below",
               call="choose_setting(1)", footer_group="Setting"),
        Action("previous_setting", ("up", "k"), "Previous setting", "Choose the previous setting",
               call="choose_setting(-1)", footer_group="Setting"),
        Action("page_down", ("pagedown",), "Page down", "Go down a page of settings", call="choose_setting(1, 'page')"),
        Action("page_up", ("pageup",), "Page up", "Go up a page of settings", call="choose_setting(-1, 'page')"),
        Action("first_setting", ("home",), "First", "Choose the first setting", call="choose_setting(-1, 'list')"),
        Action("last_setting", ("end",), "Last", "Choose the last setting", call="choose_setting(1, 'list')"),
        Action("filter_settings", ("slash",), "Filter", "Show only settings that have all the words you type: in name, "
               "value, group or meaning, or live, changed, default", in_footer=True, priority=True),
        Action("show_all", ("escape",), "All settings", "Remove the filter"),
    ),
    *_section("In the list of runs", "runs",
        Action("run_down", ("down", "j"), "Next run", "Choose the next run", call="move_run(1)"),
        Action("run_up", ("up", "k"), "Previous run", "Choose the previous run", call="move_run(-1)"),
        Action("page_down", ("pagedown",), "Page down", "Go down a page of runs", call="move_run(1, 'page')"),
        Action("page_up", ("pageup",), "Page up", "Go up a page of runs", call="move_run(-1, 'page')"),
        Action("newest_run", ("home",), "First", "Choose the first run of the list", call="move_run(-1, 'list')"),
        Action("oldest_run", ("end",), "Last", "Choose the last run", call="move_run(1, 'list')"),
        Action("open_run", ("enter",), "Open", "Open the dashboard on the chosen run; leaving it returns here",
               in_footer=True),
        Action("mark_run", ("space",), "Mark", "Mark the run for a comparison, or remove its mark", in_footer=True),
        Action("compare_marked", ("c",), "Compare", "Compare the marked runs; with none marked, the chosen one and "
               "its neighbours", in_footer=True),
        Action("filter_runs", ("slash",), "Filter", "Show only runs that match all the words you type: name, task, "
               "state, verdict, a seed such as s1; in the list of all runs also a tag, #tag, or a setting, lr=0.001",
               in_footer=True),
        Action("drop_words", ("escape",), "All runs", "Remove the filter", call="filter_by('')"),
        Action("show_help", ("question_mark", "f1"), "Help", "Keys, and what each metric means", in_footer=True),
        Action("leave", ("q", "ctrl+c"), "Leave", "Leave the list; of a sweep that runs it is asked whether it goes on",
               in_footer=True),
    ),
    *_section("In the list of all runs", "folder",
        Action("next_order", ("o",), "Order", "Order the runs by the next column, the best first; a click on a column's "
               "title orders by it", in_footer=True),
        Action("reverse_order", ("O",), "Reverse order", "Turn the order round; runs without a value stay last"),
        Action("name_run", ("n",), "Name", "Give the chosen run a name, by which every command finds it",
               call="label_run('name')", footer_group="Label"),
        Action("tag_run", ("T",), "Tags", "Change the tags of the chosen run, words with blanks between them",
               call="label_run('tags')", footer_group="Label"),
        Action("note_run", ("N",), "Notes", "Write a note on the chosen run", call="label_run('notes')",
               footer_group="Label"),
        Action("delete_run", ("D",), "Delete", "Delete the chosen run, after a question that says what is lost",
               in_footer=True),
    ),
    *_section("In the line for a label", "label",
        Action("keep_label", ("enter",), "Keep", "Keep what is typed", call="leave_label(True)", in_footer=True,
               priority=True),
        Action("drop_label", ("escape",), "Cancel", "Leave the label as it was", call="leave_label(False)",
               in_footer=True, priority=True),
    ),
    *_section("In the question before a run is deleted", "delete",
        Action("keep", ("escape", "n", "q", "ctrl+c"), "Keep", "Keep the run", call="dismiss('keep')"),
        Action("delete", ("y",), "Delete", "Delete the run and everything in its directory", call="dismiss('delete')"),
    ),
    *_section("In the list of a sweep", "sweep",
        Action("next_order", ("o",), "Order", "Order the runs as in the sweep's file, by how they stand, the failed "
               "ones first, or by ep100", in_footer=True),
        Action("detach", ("d",), "Detach", "Leave at once; the sweep goes on", in_footer=True),
        Action("stop_sweep", ("s",), "Stop sweep", "End all runs of the sweep with a last snapshot, after a question",
               in_footer=True),
    ),
    *_section("While an episode is watched", "watch",
        Action("play_or_pause", ("space",), "Play", "Play the episode, or let it stand; from its end, play it from the "
               "start", in_footer=True),
        Action("step_back", ("left",), "Step back", "Go back by a step", call="move(-1)", footer_group="Step"),
        Action("step_on", ("right",), "Step on", "Go on by a step", call="move(1)", footer_group="Step"),
        Action("leap_back", ("shift+left",), "10 back", "Go back by ten steps", call="move(-10)"),
        Action("leap_on", ("shift+right",), "10 on", "Go on by ten steps", call="move(10)"),
        Action("to_start", ("home",), "Start", "Go to the first step", call="go('start')"),
        Action("to_end", ("end",), "End", "Go to what was seen after the last step", call="go('end')"),
        Action("slower", ("less_than_sign",), "Slower", "Play at the next lower speed", call="speed(-1)",
               footer_group="Speed"),
        Action("faster", ("greater_than_sign",), "Faster", "Play at the next higher speed", call="speed(1)",
               footer_group="Speed"),
        Action("next_episode", ("n",), "Next episode", "Play the evaluation episode of the next seed",
               call="other_episode(1)", in_footer=True),
        Action("previous_episode", ("N",), "Previous episode", "Play that of the seed before",
               call="other_episode(-1)"),
        Action("again", ("r",), "Newest snapshot", "Play the same episode again, with the newest snapshot that the run "
               "has by now", call="other_episode(0)", in_footer=True),
        Action("next_gate", ("g",), "Gate", "Play the same episode with the gate replaced by the next kind: open, shut, "
               "constant, shuffled, the prior alone, without TD errors, and learned again", in_footer=True),
        Action("seen", ("o",), "Observation", "Show the observation in place of the environment's picture, or the "
               "picture again", in_footer=True),
        Action("next_symbols", ("b",), "Symbols", "Draw with braille, blocks or ASCII"),
        Action("show_help", ("question_mark", "f1"), "Help", "Keys, and what each metric means", in_footer=True),
        Action("leave", ("q", "escape", "ctrl+c"), "Leave", "Leave the episode; from a dashboard, back to it",
               in_footer=True),
    ),
    *_section("In the filter", "filter",
        Action("keep_filter", ("enter",), "Keep", "Leave the line and keep the charts that it found",
               call="leave_filter(True)", in_footer=True, priority=True),
        Action("drop_filter", ("escape",), "Cancel", "Leave the line and go back to the previous charts",
               call="leave_filter(False)", in_footer=True, priority=True),
    ),
    *_section("In the quit dialog", "quit",
        Action("detach", ("d", "enter", "ctrl+c"), "Detach", "Leave the run going; `gwt-ib-tui attach` shows it "
               "again", call="dismiss('detach')"),
        Action("stop", ("s",), "Stop", "End the run after a final snapshot, then leave", call="dismiss('stop')"),
        Action("cancel", ("c", "escape", "q"), "Cancel", "Go back to the dashboard", call="dismiss('cancel')"),
    ),
    *_section("In the quit dialog of a sweep", "sweep_quit",
        Action("detach", ("d", "enter", "ctrl+c"), "Detach", "Leave the sweep going; the same command shows it again",
               call="dismiss('detach')"),
        Action("stop", ("s",), "Stop", "End all runs with a last snapshot, then leave; the same command goes on with "
               "them", call="dismiss('stop')"),
        Action("cancel", ("c", "escape", "q"), "Cancel", "Go back to the list", call="dismiss('cancel')"),
    ),
    *_section("In the setting dialog", "setting",
        Action("previous_setting", ("up",), "Previous", "Choose the setting above", call="choose_setting(-1)"),
        Action("next_setting", ("down",), "Next", "Choose the setting below", call="choose_setting(1)"),
        Action("send", ("enter",), "Send", "Ask for the typed value; an impossible one is explained and not sent"),
        Action("cancel", ("escape", "ctrl+c"), "Cancel", "Leave the setting as it is", call="dismiss"),
    ),
    *_section("In the help", "help",
        Action("close", ("escape", "q", "question_mark", "f1", "ctrl+c"), "Close", "Close the help", call="dismiss"),
        Action("next_part", ("n", "tab"), "Next part", "Keys, metrics, GateCheck's rules, the verdicts on the gate, "
               "markers; then keys again"),
        Action("scroll_help_down", ("down", "j", "pagedown", "space"), "Down", "Scroll down", call="scroll_help(5)"),
        Action("scroll_help_up", ("up", "k", "pageup"), "Up", "Scroll up", call="scroll_help(-5)"),
    ),
)
# fmt: on
