"""What is kept of an environment's failure: a file that says what it was, with all that is needed to see it again."""

from __future__ import annotations

import json
import math
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.durable import try_write_json, write_atomically
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.errors import ExitCode, UserError, error_text, message_of
from gwt_ib.files import read_json
from gwt_ib.lenient import mapping, text, whole
from gwt_ib.log import LOGGER
from gwt_ib.runs.directory import RunDirectory

MAX_INCIDENTS = 100
"""Files of a run; the oldest go."""
TRACEBACK_LINES = 200
INCIDENT_BYTES = 64 * 2**20  # 100,000 rows of a wide action


@dataclass(frozen=True)
class Incident:
    """An episode that failed, read back."""

    env_id: str
    prev_action: bool
    env_number: int
    episode: int
    seed: int
    actions: tuple[tuple[float | None, ...], ...]
    """Numbers that were not finite are None."""
    complete: bool
    """False where the episode was longer than what is remembered: it cannot be played again."""
    cause_type: str
    cause_text: str


def record_incident(run: RunDirectory, config: Config, error: EpisodeError, actor: int | None = None) -> Path | None:
    """Write an incident of an actor's environment, or of an evaluation's; its path. None where that is not possible.

    It never raises: what an environment has done must not be hidden by what came of telling it.
    """
    return write_incident(run, incident_record(config, error, actor))


def incident_record(config: Config, error: EpisodeError, actor: int | None = None) -> dict[str, Any]:
    """All that is known of an episode that failed, ready for JSON. Never raises; empty where it has no words."""
    try:
        return _described(config, error, actor)
    except Exception as failure:  # noqa: BLE001 - an environment's own exception is put into words here
        LOGGER.warning("no incident was written: %s", error_text(failure))
        return {}


def write_incident(run: RunDirectory, record: Mapping[str, Any]) -> Path | None:
    """Write such a record, perhaps one from another machine; its path. None where that is not possible. Never raises."""
    actor, numbers = record.get("actor"), [whole(record.get(name)) for name in ("env_number", "episode")]
    if None in numbers or not (actor is None or isinstance(actor, int)):
        return None
    who = "evaluation" if actor is None else f"actor-{actor}"
    path = run.incidents / f"{who}-environment-{numbers[0]}-episode-{numbers[1]}.json"
    try:
        data = json.dumps(record, allow_nan=False, ensure_ascii=False)
        run.incidents.mkdir(mode=0o700, exist_ok=True)
        _make_room(run.incidents)
        write_atomically(path, data.encode(errors="replace") + b"\n")
    except (OSError, ValueError, TypeError) as failure:
        LOGGER.warning("no incident was written: %s", error_text(failure))
        return None
    return path


def record_death(run: RunDirectory, process: str, update: int, ending: str) -> None:
    """Write what is known of a process that died once too often. It never raises."""
    incident = {"time": utc_now(), "process": process, "update": update, "message": ending}
    problem = try_write_json(run.incidents / f"{process}-update-{update}.json", incident)
    if problem:
        LOGGER.warning(problem)


def read_incident(path: Path) -> Incident:
    """Read an incident. Raises `UserError` (65) where the file is none."""
    try:
        record = read_json(path, INCIDENT_BYTES)
        return _incident(record)
    except OSError as error:
        reason = error.strerror or str(error)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        reason = f"it is no incident ({error_text(error, 100)})"
    raise UserError(f"Cannot read {path}: {reason}.", ExitCode.BAD_DATA)


def _described(config: Config, error: EpisodeError, actor: int | None) -> dict[str, Any]:
    cause = error.__cause__ or error
    return {
        "time": utc_now(),
        "env_id": error.env_id,
        "prev_action": config.prev_action,
        "actor": actor,
        "env_number": error.env_number,
        "episode": error.episode,
        "seed": error.seed,
        "actions": [[number if math.isfinite(number) else None for number in row] for row in error.actions],
        "complete": error.complete,
        "cause": {"type": type(cause).__name__, "text": message_of(cause)},
        "traceback": "".join(traceback.format_exception(cause)).splitlines()[-TRACEBACK_LINES:],
    }


def _incident(record: Any) -> Incident:
    cause: Mapping[str, Any] = mapping(record["cause"])
    numbers = {name: whole(record[name]) for name in ("env_number", "episode", "seed")}
    if not isinstance(record["actions"], list) or None in numbers.values() or not text(record["env_id"]):
        raise ValueError("a field has another type")
    rows = tuple(tuple(None if value is None else float(value) for value in row) for row in record["actions"])
    return Incident(
        env_id=text(record["env_id"]),
        prev_action=record["prev_action"] is True,
        env_number=numbers["env_number"] or 0,
        episode=numbers["episode"] or 0,
        seed=numbers["seed"] or 0,
        actions=rows,
        complete=record["complete"] is True,
        cause_type=text(cause.get("type")),
        cause_text=text(cause.get("text")),
    )


def _make_room(folder: Path) -> None:
    """Delete the oldest files until another one has room."""
    with suppress(OSError):
        known = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for path in known[: max(0, len(known) - MAX_INCIDENTS + 1)]:
            path.unlink()
