"""The command `watch`: one episode that a run's snapshot plays, step by step, on a screen or as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gwt_ib.errors import ExitCode, UserError, nearest
from gwt_ib.replacements import LEARNED, REPLACEMENTS, problem
from gwt_ib_tui.commands.options import AsJson, Run, find_run
from gwt_ib_tui.commands.trust import Trust, need_trust
from gwt_ib_tui.terminal import print_json, print_line, print_table, why_no_dashboard

if TYPE_CHECKING:
    from gwt_ib.config import Config
    from gwt_ib.rollout.recorded_episode import RecordedEpisode
    from gwt_ib.runs.directory import RunDirectory

GATES = (LEARNED, *REPLACEMENTS)


def watch(
    run: Run,
    snapshot: Annotated[
        str | None,
        typer.Option("--snapshot", metavar="SNAPSHOT", help="Play with this one; default: the newest good one."),
    ] = None,
    episode: Annotated[
        int, typer.Option("--episode", min=0, metavar="N", help="Which of the evaluation episodes, from 0.")
    ] = 0,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, metavar="N", help="Episodes of this seed; default: the run's own.")
    ] = None,
    gate: Annotated[str, typer.Option("--gate", metavar="WORD", help=f"The gate: {', '.join(GATES)}.")] = LEARNED,
    speed: Annotated[float, typer.Option("--speed", min=0.01, metavar="X", help="Steps per second at first.")] = 5.0,
    headless: Annotated[bool, typer.Option("--headless", help="No screen: a line per step.")] = False,
    as_json: AsJson = False,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE.svg", help="Write the screen as a picture instead.")
    ] = None,
    step: Annotated[int, typer.Option("--step", min=0, metavar="N", help="At which step the picture is.")] = 0,
    columns: Annotated[int, typer.Option("--columns", min=20, max=500, help="Width of the picture.")] = 120,
    rows: Annotated[int, typer.Option("--rows", min=5, max=200, help="Height of the picture.")] = 40,
    theme: Annotated[str, typer.Option("--theme", help="Colours of the picture.")] = "gwt-dark",
    trust: Trust = False,
) -> None:
    """Watch an episode that a run's newest snapshot plays, step by step."""
    directory = find_run(run)
    config = directory.read_config()
    word = gate_word(gate, config.gate)
    if seed is not None:
        config = config.model_copy(update={"seed": seed})
    path = None if snapshot is None else _snapshot(directory, config, snapshot)
    need_trust(directory, config.env_id, trust)
    if picture is None and not headless and not as_json and not (reason := why_no_dashboard()):
        from gwt_ib_tui.application.watch_app import Wanted, run_watch
        from gwt_ib_tui.state.episode.episode_view import nearest_speed

        run_watch(directory, config, Wanted(episode, word, nearest_speed(speed)), snapshot=path)
        return
    recorded = record(directory, config, episode, word, path)
    if picture is not None:
        from gwt_ib_tui.application.pictures import save_watch_picture

        try:
            save_watch_picture(recorded, picture, (columns, rows), step, theme)
        except OSError as error:
            raise UserError(f"Cannot write {picture}: {error.strerror}.", ExitCode.INPUT_OUTPUT) from None
        return
    if not headless and not as_json:
        print_line(f"Without a screen: {reason}.", err=True)
    print_line(summary(recorded), err=as_json)
    if as_json:
        for row in json_rows(recorded):
            print_json(row)
    else:
        print_table(COLUMNS, table_rows(recorded), right=COLUMNS[:-1])


def record(
    run: RunDirectory, config: Config, episode: int, gate: str = LEARNED, snapshot: str | None = None
) -> RecordedEpisode:
    """Play one episode in a process of its own, which prints to our stderr. Raises `UserError`."""
    from gwt_ib.processes.player import EpisodePlayer

    with EpisodePlayer(run, config, snapshot, echo=True) as player:
        player.ask(episode, gate)
        return player.wait()


def gate_word(word: str, kind: str) -> str:
    """The gate that `--gate` asks for of an agent with this kind of gate. Raises `UserError` (2)."""
    if word not in GATES:
        known = f"{', '.join(GATES[:-1])} and {GATES[-1]}"
        raise UserError(f"There is no gate {word!r}, but {known}.{nearest(word, GATES)}", ExitCode.USAGE)
    if why := problem(word, kind):
        raise UserError(f"--gate {word} says nothing of an agent with gate = {kind}: {why}.", ExitCode.USAGE)
    return word


COLUMNS = ("step", "action", "p", "reward", "value", "TD error", "TD before", "prior", "c", "saw")


def summary(recorded: RecordedEpisode) -> str:
    """Which episode it is and what it came to, in a line."""
    from gwt_ib.rollout.recorded_episode import ENDINGS
    from gwt_ib.text import number, plain

    origin = recorded.origin
    words = f"{plain(origin.env_id)}, episode {origin.episode} of seed {origin.seed}, snapshot {plain(origin.snapshot)}"
    gate = "" if origin.gate == LEARNED else f", gate {origin.gate}"
    return (
        f"{words}{gate}: return {number(recorded.total, 4)} in {recorded.steps:,} steps; {ENDINGS[recorded.ending]}"
        + (f". {recorded.note}" if recorded.note else "")
    )


def table_rows(recorded: RecordedEpisode) -> list[tuple[str, ...]]:
    """A line for each step."""
    import numpy as np

    from gwt_ib.text import number
    from gwt_ib_tui.charts.observation_rows import short_words

    parts = [part for part in recorded.parts if part.name not in _added()]
    own = sum(part.size for part in parts)
    rows = []
    for t in range(recorded.steps):
        chosen = [str(value) if recorded.choices else number(float(value)) for value in recorded.action[t].tolist()]
        likely = number(float(np.exp(np.float64(recorded.log_prob[t])))) if recorded.choices else ""
        values = (recorded.reward, recorded.value, recorded.td, recorded.td_prev, recorded.prior, recorded.c)
        cells = [number(float(each[t])) for each in values]
        rows.append((str(t), ",".join(chosen), likely, *cells, short_words(parts, recorded.observation[t, :own])))
    return rows


def json_rows(recorded: RecordedEpisode) -> list[dict[str, Any]]:
    """An object for each step, with everything that is recorded of it but for pictures."""
    names = ("reward", "value", "next_value", "td", "td_prev", "prior", "c", "log_prob")
    return [
        {
            "step": t,
            "observation": recorded.observation[t].tolist(),
            "action": recorded.action[t].tolist(),
            "probability": recorded.probability[t].tolist(),
            **{name: float(getattr(recorded, name)[t]) for name in names},
        }
        for t in range(recorded.steps)
    ]


def _added() -> tuple[str, ...]:
    from gwt_ib.envs.observation_parts import ADDED

    return ADDED


def _snapshot(run: RunDirectory, config: Config, name: str) -> str:
    from gwt_ib.runs.named_snapshot import named_snapshot

    return str(named_snapshot(run, run.snapshot_folders(config.rescue_dir), name).resolve())


COMMANDS = (watch,)
