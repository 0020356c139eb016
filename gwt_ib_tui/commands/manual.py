"""The dashboard's manual: what every panel shows, and every key. The help screen and docs/dashboard.md are made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from gwt_ib_tui.keys.action import Action
from gwt_ib_tui.keys.action_table import ACTIONS
from gwt_ib_tui.state.events.event_marks import EVENT_SIGNS

SIGNS = ", ".join(f"{event.sign} {event.meaning}" for event in EVENT_SIGNS.values())


@dataclass(frozen=True)
class PanelHelp:
    """What one panel of a screen shows, in a sentence or two."""

    screen: str
    panel: str
    shows: str


PANELS = (
    PanelHelp(
        "Every screen",
        "status",
        "State as a word, run, progress, speed and time left. A run that is silent is STALLED, one whose trainer "
        "is gone KILLED; the age of the newest update is said when it grows.",
    ),
    PanelHelp(
        "Every screen",
        "message",
        "What was asked of the run and what became of it: ASKED, then DONE or REFUSED, with the update; gone after a while.",
    ),
    PanelHelp(
        "Live",
        "tiles",
        "The newest numbers that matter, each with the status of the GateCheck rules about it and the range in which they "
        "pass.",
    ),
    PanelHelp(
        "Live",
        "charts",
        "Metrics over env steps, updates or wall time. A dotted line is a target, a floor or a clamp; "
        f"signs on the axis are events: {SIGNS}. A gap is a value that is not a number. With a cursor the titles tell the "
        "values there, each digit where there is room; ~ stands before the smoothed one.",
    ),
    PanelHelp(
        "Live",
        "TD→gate",
        "Mean of c by |td_norm| on its spread, against the prior and the budget: whether surprise opens the gate.",
    ),
    PanelHelp(
        "Live",
        "GateCheck",
        "The verdict and its rules, worst first where room is short, with the next step for one of them.",
    ),
    PanelHelp("Live", "actors, events", "The actor processes, and what happened in the run, with the time (UTC)."),
    PanelHelp("Gate", "time bar", "Which recorded moment is on show (●) and which is its ghost (○)."),
    PanelHelp(
        "Gate",
        "TD→gate",
        "The curve of that moment, with the ghost's mean as separate dots and the steps in each bin as bars.",
    ),
    PanelHelp(
        "Gate",
        "c over time",
        "The distribution of c through the training, made of each bin's mean, spread and count.",
    ),
    PanelHelp(
        "Gate",
        "mean_c, lambda_c, bias",
        "The budget: mean_c against target_c, the weight of the bottleneck, the prior's bias between its clamps.",
    ),
    PanelHelp("Gate", "rho", "Four correlations with |td_norm|, and a sentence that says what they mean together."),
    PanelHelp("GateCheck", "verdict", "PASS, FAIL or WAIT, large, and since which update."),
    PanelHelp(
        "GateCheck",
        "rules",
        "Each rule: its status as a word, the number, the threshold, since which update, a trend.",
    ),
    PanelHelp(
        "GateCheck",
        "chosen rule",
        "What it saw, the evidence with its env steps, the next step to try, the trend large.",
    ),
    PanelHelp(
        "Actors and log",
        "processes",
        "Trainer, learner and actors: alive, CPU, memory, speed, policy lag, restarts.",
    ),
    PanelHelp("Actors and log", "log", "What the processes wrote, merged by time (UTC); by level and by process."),
    PanelHelp(
        "Compare",
        "charts",
        "One metric of several runs, each with its own colour and a letter where its curve ends; the chosen run is in "
        "front. As groups: mean over the seeds of one setting, with a band from the least to the largest.",
    ),
    PanelHelp(
        "Compare",
        "table",
        "Each run's newest value of the chosen chart's metric, its difference from the baseline (=) at equal env steps, "
        "the verdict, and in which settings the runs differ.",
    ),
    PanelHelp(
        "List of runs",
        "runs",
        "Every run under runs/, the newest first: state, progress, task, seed, ep100, verdict, age; ✓ marks it.",
    ),
)


def manual(actions: tuple[Action, ...] = ACTIONS) -> str:
    """Panels and keys as Markdown."""
    return "\n".join((*_panels(), *_keys(actions)))


def _panels() -> Iterator[str]:
    yield "## Panels"
    for screen, panels in groupby(PANELS, key=lambda panel: panel.screen):
        yield from ("", f"### {screen}", "", "| panel | shows |", "|---|---|")
        yield from (f"| {panel.panel} | {_cell(panel.shows)} |" for panel in panels)
    yield ""


def _keys(actions: tuple[Action, ...]) -> Iterator[str]:
    yield "## Keys"
    for group, members in groupby(actions, key=lambda action: action.group):
        yield from ("", f"### {group}", "", "| key | action | what it does | name |", "|---|---|---|---|")
        for action in members:
            keys = " ".join(f"`{key}`" for key in action.keys_shown.split())
            yield f"| {keys} | {action.title} | {_cell(action.description)} | `{action.scope}.{action.name}` |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")  # a bar would end the table's cell
