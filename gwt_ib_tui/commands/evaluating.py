"""The command `evaluate`: what a run's agent comes to, and what its gate is worth against others in its place."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import typer

from gwt_ib.errors import ExitCode, UserError, nearest
from gwt_ib.replacements import LEARNED, REPLACEMENTS, problem, sensible
from gwt_ib.text import number
from gwt_ib_tui.commands.options import AsJson, Run, find_run
from gwt_ib_tui.commands.run import ask
from gwt_ib_tui.commands.trust import Trust, need_trust
from gwt_ib_tui.terminal import print_json, print_line, print_result, print_table

if TYPE_CHECKING:
    from pathlib import Path

    from gwt_ib.config import Config
    from gwt_ib.gatecheck.findings import Effect
    from gwt_ib.gatecheck.gate_evaluation import GateEvaluation, StepEffects
    from gwt_ib.runs.directory import RunDirectory

ALL = "all"
GATES = (LEARNED, *REPLACEMENTS, ALL)
ANSWER_S = 600.0
"""For a run that trains: it plays all of it at its next safe point."""


def evaluate(
    run: Run,
    episodes: Annotated[int | None, typer.Option("--episodes", min=1, help="How many; default: the run's own.")] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option("--gate", metavar="WORDS", help=f"Also with the gate replaced: {', '.join(GATES[1:])}."),
    ] = None,
    steps: Annotated[
        bool, typer.Option("--steps", help="Also with the gate shut or open in one window of steps.")
    ] = False,
    snapshot: Annotated[
        str | None,
        typer.Option("--snapshot", metavar="SNAPSHOT", help="Env steps, best, newest, or a path; default: newest."),
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="What a living run has learnt by now.")] = False,
    as_json: AsJson = False,
    trust: Trust = False,
) -> None:
    """Evaluate a snapshot of a run, by default its newest good one, also with its gate replaced."""
    if now and snapshot is not None:
        raise UserError("--now evaluates the weights of a living run: leave --snapshot out.", ExitCode.USAGE)
    if now and episodes is not None:
        raise UserError("--now evaluates the run's own eval_episodes: leave --episodes out.", ExitCode.USAGE)
    if gate or steps:
        _evaluate_gate(run, episodes, gate or [], steps, now, as_json, trust, snapshot)
        return
    if now:
        events = ask(run, "evaluate", quiet=True)
        done = next(event.as_dict() for event in events if event.kind == "evaluation")
        found = {name: done[name] for name in ("update", "env_steps", "eval_return", "eval_returns")}
        at = f"update {done['update']}"
    else:
        from gwt_ib.evaluation import evaluate_snapshot
        from gwt_ib.rollout.evaluation import mean_return
        from gwt_ib_tui.commands.standing import say_next_step

        directory = find_run(run)
        config = directory.read_config()
        if episodes is not None:
            config = config.model_copy(update={"eval_episodes": episodes})
        need_trust(directory, config.env_id, trust)
        path, returns = evaluate_snapshot(directory, config, _named(directory, config, snapshot))
        say_next_step(directory)
        found = {"snapshot": str(path), "eval_return": mean_return(returns), "eval_returns": returns}
        at = f"{path.name} env steps"
    if as_json:
        print_json(found)
    else:
        print_result(f"{at}: mean return {found['eval_return']:.4f} over {_episodes(len(found['eval_returns']))}")


def _named(run: RunDirectory, config: Config, name: str | None) -> Path | None:
    """The snapshot that is asked for. Raises `UserError` (2) with the nearest."""
    from gwt_ib.runs.named_snapshot import named_snapshot

    return None if name is None else named_snapshot(run, run.snapshot_folders(config.rescue_dir), name)


def gate_words(given: Sequence[str], kind: str) -> tuple[str, ...]:
    """The replacements that `--gate` asks for of an agent with this kind of gate. Raises `UserError` (2)."""
    words = [word.strip() for several in given for word in several.split(",")]
    for word in words:
        if word not in GATES:
            known = f"{', '.join(GATES[:-1])} and {GATES[-1]}"
            raise UserError(f"There is no gate {word!r}, but {known}.{nearest(word, GATES)}", ExitCode.USAGE)
        if why := problem(word, kind):
            raise UserError(f"--gate {word} says nothing of an agent with gate = {kind}: {why}.", ExitCode.USAGE)
    wanted = sensible(kind) if ALL in words else words
    return tuple(word for word in REPLACEMENTS if word in wanted)


def _evaluate_gate(
    run: str,
    episodes: int | None,
    given: Sequence[str],
    steps: bool,
    now: bool,
    as_json: bool,
    trust: bool,
    snapshot: str | None,
) -> None:
    from gwt_ib.gatecheck.gate_evaluation import read_gate_evaluation, write_gate_evaluation
    from gwt_ib_tui.commands.standing import say_next_step

    directory = find_run(run)
    config = directory.read_config()
    words = gate_words(given, config.gate)
    extra: dict[str, str] = {}
    if now:
        ask(run, "evaluate_gate", quiet=True, answer_s=ANSWER_S)
        made = read_gate_evaluation(directory)
        if made is None:
            raise UserError(f"{directory.gate_evaluation} is missing or damaged.", ExitCode.BAD_DATA)
    else:
        from gwt_ib.evaluation import evaluate_gate

        if episodes is not None:
            config = config.model_copy(update={"eval_episodes": episodes})
        need_trust(directory, config.env_id, trust)
        path, made = evaluate_gate(directory, config, words, steps=steps, snapshot=_named(directory, config, snapshot))
        say_next_step(directory)
        extra["snapshot"] = str(path)
        if snapshot is None:  # what is kept with the run is of its newest weights
            try:
                write_gate_evaluation(directory, made)
            except OSError as error:
                print_line(f"{directory.gate_evaluation} cannot be written: {error.strerror or error}.", err=True)
    if as_json:
        print_json(extra | made.as_dict())
        return
    lines = summary_lines(made)
    for line in lines if words or steps else lines[:1]:
        print_result(line)
    if words:
        print_table(("gate", "return", *_EFFECT), _gate_rows(made, words), right=("return", *_EFFECT))
    if steps and made.steps is not None:
        columns, rows = _step_table(made.steps)
        print_table(columns, rows, right=columns)


def summary_lines(made: GateEvaluation) -> list[str]:
    """The learned gate, and what the numbers of the tables are."""
    where = "" if made.env_steps is None else f"{made.env_steps:,} env steps: "
    return [
        f"{where}mean return {number(made.eval_return, 4)} over {_episodes(made.episodes)} with its own gate, whose mean is "
        f"{number(made.mean_c, 4)}",
        "A cost is the return with its own gate less that with the other, over pairs of the same seed and action noise;",
        "in brackets its 95 % interval (Student's t over the pairs).",
    ]


def _episodes(count: int) -> str:
    return f"{count} episode{'' if count == 1 else 's'}"


_EFFECT = ("it costs", "interval", "pairs")


def _gate_rows(made: GateEvaluation, words: Sequence[str]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for effect in made.effects:
        if effect.gate in words:
            returns = [value for value in made.returns.get(effect.gate, ()) if value is not None]
            mean = number(sum(returns) / len(returns), 4) if returns else ""
            rows.append((effect.gate, mean, _signed(effect.difference), _interval(effect), str(effect.episodes or 0)))
    return rows


def _step_table(steps: StepEffects) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A row for each window of an episode's steps."""
    columns = ["steps", "mean c", "|TD|"]
    for word in steps.effects:
        columns += [f"{word} costs", f"interval ({word})"]
    rows: list[tuple[str, ...]] = []
    for at, (start, end) in enumerate(pairwise(steps.edges)):
        row = [f"{start} to {end - 1}", number(steps.mean_c[at], 4), number(steps.td[at], 4)]
        for effects in steps.effects.values():
            row += [_signed(effects[at].difference), _interval(effects[at])]
        rows.append(tuple(row))
    return tuple(columns), rows


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.4f}"


def _interval(effect: Effect) -> str:
    if effect.low is None or effect.high is None:
        return ""
    return f"[{effect.low:+.4f}, {effect.high:+.4f}]"


COMMANDS = (evaluate,)
