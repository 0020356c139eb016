"""How a process is said to be: alive, dead, silent, ended with its run; and how fast; pure."""

from __future__ import annotations

from gwt_ib.runs.lifecycle import STALLED, UNKNOWN
from gwt_ib.runs.record import ActorRecord
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.run_view import RunView


def process_sign(run_view: RunView, alive: bool = True) -> str:
    """A sign and a word for a process of which run.json last said whether it was alive."""
    if run_view.ended:
        return "■ ended"
    if not alive:
        return "✗ dead"
    return {STALLED: "? silent", UNKNOWN: "? unknown"}.get(run_view.state, "● alive")


def actor_speed(run_view: RunView, actor: ActorRecord) -> float | None:
    """Steps per second; none of an actor that nobody has heard of for a while."""
    return None if run_view.ended or run_view.state in (STALLED, UNKNOWN) else actor.steps_per_s


def sign_color(sign: str, palette: Palette) -> str:
    """The colour that says the same."""
    return {"●": palette.good, "✗": palette.bad, "?": palette.warn}.get(sign[0], palette.dim)


def actors_in_words(run_view: RunView, noun: str = "") -> str:
    """How many of the actors are what, such as `2 of 2 actors alive` where `noun` is ` actors`."""
    actors = run_view.run.actors
    if run_view.ended:
        return f"{len(actors)}{noun} ended"
    word = process_sign(run_view).partition(" ")[2]
    return f"{sum(actor.alive for actor in actors)} of {len(actors)}{noun} {word}"
