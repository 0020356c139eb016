"""Runs of one setting that differ in their seed: a sweep made without a file, whose runs are under `runs/` as all others."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.directory import RUNS, RunDirectory
from gwt_ib.runs.labels import Labels, read_labels, write_labels
from gwt_ib.sweeps.definition import Definition, parse_definition
from gwt_ib.sweeps.directory import SWEEPS, SweepDirectory

MOST_SEEDS = 1000
_PART = re.compile(r"(\d{1,19})(?:-(\d{1,19}))?")


def parse_seeds(words: str) -> tuple[int, ...]:
    """The seeds of `1-4`, `1,3,7` or `1-3,8`, in their order. Raises `UserError` (2)."""
    seeds: list[int] = []
    for part in words.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise UserError(f"--seeds {words}: expected seeds such as 1-4 or 1,3,7.", ExitCode.USAGE)
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise UserError(f"--seeds {words}: {part.strip()} goes down; did you mean {last}-{first}?", ExitCode.USAGE)
        if len(seeds) + last - first >= MOST_SEEDS:
            raise UserError(f"--seeds {words} are too many: at most {MOST_SEEDS:,} at once.", ExitCode.USAGE)
        seeds += range(first, last + 1)
    twice = next((seed for place, seed in enumerate(seeds) if seed in seeds[:place]), None)
    if twice is not None:
        raise UserError(f"--seeds {words} has the seed {twice} twice.", ExitCode.USAGE)
    return tuple(seeds)


def seed_sweep(config: Config, seeds: Sequence[int], stamp: str = "") -> tuple[SweepDirectory, Definition]:
    """A sweep of a setting over seeds, and where it will be; nothing is made.

    `stamp` tells its runs from those of another start; by default the time and a few digits. Raises `UserError`.
    """
    stamp = stamp or f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    env = re.sub(r"[^A-Za-z0-9_.-]+", "-", config.env_id)[:80]
    sweep = SweepDirectory(SWEEPS / f"{env}__{len(seeds)}-seeds__{stamp}")
    return sweep, parse_definition(_as_toml(config, seeds, stamp), str(sweep.definition))


def make_seed_sweep(sweep: SweepDirectory) -> None:
    """Make the sweep's directory, with a link in place of its folder of runs. Raises `UserError` (73)."""
    try:
        RUNS.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep.path.mkdir(mode=0o700, parents=True)
        sweep.runs.symlink_to(os.path.relpath(RUNS, sweep.path))
    except OSError as error:
        reason = f"{error.strerror or error}"
        raise UserError(f"Cannot create the sweep {sweep.path}: {reason}.", ExitCode.CANNOT_CREATE_RUN) from None


def name_of_seed(name: str, seed: int) -> str:
    """What a run of several that were named together is called: `fast-s3`."""
    return f"{name}-s{seed}" if name else ""


def label_run(sweep: SweepDirectory, run: RunDirectory, seed: int) -> None:
    """Give a new run the labels that its sweep was started with. What the disk refuses costs the labels alone."""
    labels = read_labels(sweep)
    if labels != Labels():
        with suppress(OSError, UserError):
            write_labels(run, replace(labels, name=name_of_seed(labels.name, seed)))


def _as_toml(config: Config, seeds: Sequence[int], stamp: str) -> str:
    """The definition as a file has it: the settings that are not the defaults, a grid of seeds, and an arm for a name."""
    given = config.model_dump(mode="json", exclude={"seed"})
    base = {
        name: value for name, value in given.items() if name == "env_id" or value != Config.model_fields[name].default
    }
    lines = ["[base]", *(f"{name} = {_value(value)}" for name, value in base.items())]
    return "\n".join([*lines, "[grid]", f"seed = {list(seeds)}", "[[arm]]", f"name = {_value(stamp)}", ""])


def _value(value: object) -> str:
    """A value in TOML, whose strings are JSON's but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
