"""`launch --seeds`: a run for each seed of one setting, side by side as cores allow, as a small sweep."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from gwt_ib_tui.terminal import leave_if_asked, print_line, why_no_dashboard

if TYPE_CHECKING:
    from gwt_ib.config import Config
    from gwt_ib.runs.labels import Labels

Seeds = Annotated[
    str | None, typer.Option("--seeds", metavar="SEEDS", help="A run for each, such as 1-4 or 1,3,7, side by side.")
]


def launch_seeds(config: Config, words: str, labels: Labels, *, headless: bool, as_json: bool, detach: bool) -> None:
    """Train a run for each of the seeds, and show, print or leave them. Raises `UserError`.

    Each is labelled as asked, with its seed behind a name, which finds one run.
    """
    from gwt_ib.runs.labels import Labels, checked, write_labels
    from gwt_ib.sweeps.directory import make_directory
    from gwt_ib.sweeps.places import Place
    from gwt_ib.sweeps.plan import make_plan
    from gwt_ib.sweeps.seeds import make_seed_sweep, name_of_seed, parse_seeds, seed_sweep
    from gwt_ib_tui.commands import sweep
    from gwt_ib_tui.commands.detaching import say_sweep

    reason = "" if headless or as_json or detach else why_no_dashboard()
    if reason:
        print_line(f"Running headless: {reason}.", err=True)
    seeds = parse_seeds(words)
    for seed in seeds:
        checked(replace(labels, name=name_of_seed(labels.name, seed)))
    found, definition = seed_sweep(config, seeds)
    # A measurement before the start would take longer than a user waits who has asked for no estimate.
    plan = make_plan(found, definition, Place(), measure=lambda config, spec: None)
    if not detach:
        sweep.say(plan, as_json)
    leave_if_asked()
    make_seed_sweep(found)
    make_directory(found)
    if labels != Labels():
        write_labels(found, labels)
    shown = not (headless or as_json or reason)
    pid = sweep.start(plan, alone=detach or shown, as_json=as_json)
    if detach:
        say_sweep(plan, pid, as_json=as_json)
    else:
        sweep.show(found, definition, again=f"gwt-ib-tui sweep {shlex.quote(str(found.path))}")
