"""The dashboard's manual: what every panel shows, and every key. The help screen and docs/dashboard.md are made from it."""

from __future__ import annotations

from itertools import groupby

from gwt_ib.gatecheck.findings import GATE_VERDICTS
from gwt_ib.runs.events import MARKED
from gwt_ib_tui.keys.action import Action
from gwt_ib_tui.keys.actions import ACTIONS

MARKERS = ", ".join(f"{kind.marker} {kind.meaning}" for kind in MARKED)
GATE_WORDS = " or ".join(", ".join(map(str.upper, GATE_VERDICTS)).rsplit(", ", 1))
PANELS: dict[str, dict[str, str]] = {
    "Every screen": {
        "status": (
            "State as a word, run, progress, speed and time left. A run that is silent is STALLED, one whose trainer "
            "is gone is KILLED; the age of the newest update appears when it grows. What does not work though the run goes "
            "on, such as a full disk, stands there in red, and as TROUBLE in the message until it is over. The state has a "
            "colour only where somebody has to look: STALLED, FAILED, KILLED. At the right, as badges, "
            f"both verdicts of GateCheck: on training PASS, FAIL or WAIT, and on the gate {GATE_WORDS}."
        ),
        "message": (
            "What was asked of the run and the answer: ASKED, then DONE or REFUSED, with the update; it disappears "
            "after a while."
        ),
    },
    "Live": {
        "settings": (
            "Task, cell, gate, lr and lambda_c as they are now, then as many others that are not the default as there is "
            "room for; ≈ marks what was changed while the run trained."
        ),
        "charts": (
            "Metrics over env steps, updates or wall time. The title has the newest number, with the status of the "
            "GateCheck rules about it and the range in which they pass. A dotted line is a target, a floor or a clamp; "
            f"markers on the axis are events: {MARKERS}. A gap is a value that is not a number. With a cursor the titles "
            "show the values there, in full where there is room; ~ marks a smoothed value."
        ),
        "TD→gate": (
            "Mean of c by |td_norm| on its spread, against the prior and the budget: whether surprise opens the gate."
        ),
        "GateCheck": (
            "Both verdicts with since when, why the gate has its, the rules that do not pass with their numbers, the names "
            "of those that do, and the next step for one of them."
        ),
        "actors, events": (
            "The actor processes, and what happened in the run, with the time (UTC). Of a run that has ended before its "
            "end, the command that takes it up again."
        ),
    },
    "Gate": {
        "time bar": "Which recorded moment is on show (●) and which is its ghost (○).",
        "TD→gate": "The curve of that moment, with the ghost's mean as separate dots and the steps in each bin as bars.",
        "c over time": "The distribution of c through the training, made of each bin's mean, spread and count.",
        "mean_c, lambda_c, bias": (
            "The budget: mean_c against target_c, the weight of the bottleneck, the prior's bias between its clamps."
        ),
        "gate replaced": (
            "A page of its own: the newest evaluation with the gate replaced that was asked for (by E, or by the command "
            "evaluate RUN --gate all --steps), of which step, how long ago, and the differences as on GateCheck."
        ),
        "memory by step": (
            "The same with the gate shut, or in a large window also open, in one window of an episode's steps alone, with "
            "the mean gate there: where it is lost that something is forgotten. In a large window also the mean gate and "
            "the mean |TD error| over the steps."
        ),
        "rho": (
            "Four correlations with |td_norm|, named where their lines end, and a sentence that says what they mean "
            "together."
        ),
    },
    "GateCheck": {
        "verdicts": "That on training and that on the gate, and since which update; below them the rules that decided.",
        "rules": "Each rule: its status as a word, the number, the threshold, since which update, a trend.",
        "chosen rule": "What it saw, the evidence with its env steps, the next step to try, the trend large.",
        "gate as a cause": (
            "Why the gate has its verdict, and what to do. For each replacement of the gate the mean difference of returns, "
            "learned less replaced, over episodes paired by seed, with its 95 % interval; │ is zero. Right of it the "
            "learned gate is better, left of it the replacement is."
        ),
    },
    "Actors and log": {
        "processes": (
            "Trainer, learner and actors: alive, CPU, memory, speed, policy lag, restarts, and on a cluster their node; "
            "and whether a resume was not exact."
        ),
        "nodes": (
            "Only with `channel = ray`: each node, its CPUs, how many are free, the run's actors there; for one update the "
            "bytes of weights that go out and of blocks that come in, and the wait for the last block. ▲ counts the actors "
            "that have no place, and for how long there were any."
        ),
        "machine": (
            "The machine that the dashboard is on: cores, how busy, load, memory, the disk of the run, GPUs; of the newest "
            "update how long the learner waited for blocks, and learnt; in the title what the dashboard takes."
        ),
        "log": (
            "What the processes wrote, merged by time (UTC); by level and by process. Ids of requests and long paths are "
            "left out unless asked for."
        ),
    },
    "Compare": {
        "charts": (
            "One metric of several runs, each with its own colour and a letter where its curve ends; the chosen run "
            "is in front. As groups: mean over the seeds of one setting, with its 95 % interval (a bootstrap over the runs) "
            "as a band, or with one from the least to the largest. Apart: a chart for each setting, on the same axes."
        ),
        "table": (
            "Each run's newest value of the chosen chart's metric, its difference from the baseline (=) at equal env "
            "steps, both verdicts, and in which settings the runs differ. As groups, a line a setting: how many runs have a "
            "value, their mean at equal env steps (of evaluations: the last ones) with its 95 % interval, the difference "
            "from the baseline's setting, how likely a run is better than one of that, and the IQM."
        ),
    },
    "Settings": {
        "settings": (
            "Every setting with its value now: first those that are not the default, with it beside them, then the others "
            "by group. Live ones may be changed while the run trains; ≈ marks what was."
        ),
        "chosen setting": (
            "What it means, its range, what it was before it was changed and until when, what the newest update learnt "
            "with where a schedule moves it, and whether a resumed run may have another value."
        ),
    },
    "Sweep": {
        "whole": (
            "Whether somebody works on it, the share of all env steps, time left, steps/s of all runs together, and how "
            "many runs have finished, run, wait, are unfinished or failed."
        ),
        "runs": (
            "A line a run: state, progress, task, arm, seed, ep100, its newest evaluation, both verdicts, steps/s; where "
            "there is room also the host, where there are several, and the time left or why it failed. ✓ marks it."
        ),
        "chosen run": "Everything of one run that the line has no room for, and in full why it failed.",
    },
    "Watch": {
        "bar": "Which episode of which snapshot it is, with which gate, what it came to; below it where it is.",
        "seen": (
            "What the agent was shown at this step: the environment's picture where it draws itself (`rgb_array`, `ansi`), "
            "else the observation: choices as a row of which one is filled, numbers between the least and the largest of "
            "the episode; what has just changed is in another colour. Below it the steps before."
        ),
        "step": (
            "The action with its probability and that of the others, the reward that came of it, the value, the TD error of "
            "this step and that of the step before, which drives the gate, the prior and the gate c."
        ),
        "steps": "Value, TD error, reward, and the gate c over its prior, at all steps; what is still to come is pale.",
    },
    "List of runs": {
        "runs": (
            "Every run under runs/, the best on top: state, progress, name, task, the settings that differ, seed, ep100, "
            "evaluation, both verdicts, tags, age, as far as there is room; ✓ marks it. An arrow in the header shows by "
            "which column they are ordered, ↓ where the highest comes first. Of several tasks returns are compared by "
            "their share of the way from the task's floor to its ceiling, where both are known."
        ),
        "chosen run": "Its directory and name, how far it is or why it ended, all settings that differ, tags and notes.",
    },
}
"""What each panel shows, by screen: in a sentence or two."""


def manual(actions: tuple[Action, ...] = ACTIONS) -> str:
    """Panels and keys as Markdown."""
    lines = ["## Panels"]
    for screen, panels in PANELS.items():
        lines += ["", f"### {screen}", "", "| panel | shows |", "|---|---|"]
        lines += [f"| {panel} | {_cell(shows)} |" for panel, shows in panels.items()]
    lines += ["", "## Keys"]
    for group, members in groupby(actions, key=lambda action: action.group):
        lines += ["", f"### {group}", "", "| key | action | what it does | name |", "|---|---|---|---|"]
        for action in members:
            keys = " ".join(f"`{key}`" for key in action.keys_shown.split())
            name = f"`{action.scope}.{action.name}`"
            lines.append(f"| {keys} | {action.title} | {_cell(action.description)} | {name} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")  # a bar would end the table's cell
