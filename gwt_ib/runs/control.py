"""The inbox of a run: requests as files, from any program that can write there; the trainer answers in `events.jsonl`."""

from __future__ import annotations

import os
import reprlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeGuard

from gwt_ib.clock import utc_now
from gwt_ib.durable import write_json
from gwt_ib.files import parse_json, read_regular
from gwt_ib.lenient import real

RequestKind = Literal["pause", "unpause", "snapshot", "evaluate", "evaluate_gate", "set", "stop"]
REQUEST_NAMES: dict[str, str] = {
    "pause": "pause",
    "unpause": "go on",
    "snapshot": "snapshot",
    "stop": "stop",
    "evaluate": "evaluation",
    "evaluate_gate": "gate evaluation",
    "set": "setting",
}
"""The kinds of requests, in words."""
MAX_REQUEST_BYTES = 65536
MAX_TEXT = 100  # characters of an id or a field that are kept
MAX_NAME = 100  # characters of a file's name; ours have 27
MOST = 200  # requests that are taken at a time
MOST_WAITING = 1000


@dataclass(frozen=True)
class Request:
    """One request; the trainer's answers carry its `id`.

    `field` and `value` belong to the kind `set`. The learner, which knows the configuration, checks whether there is such
    a field and whether it may have that value.
    """

    id: str
    kind: RequestKind
    field: str | None = None
    value: float | None = None


def send_request(control: Path, kind: RequestKind, field: str | None = None, value: float | None = None) -> str:
    """Put a request into the inbox and return its id. Raises `OSError` when the directory cannot be written."""
    stamp = utc_now()
    request_id = f"{int(stamp * 1000):013d}-{secrets.token_hex(4)}"
    request: dict[str, Any] = {"id": request_id, "kind": kind, "time": stamp}
    if kind == "set":
        request |= {"field": field, "value": value}
    write_json(control / f"{request_id}.json", request, durable=False)
    return request_id


class Inbox:
    """The requests in a folder, each taken once: one whose file cannot be removed is refused once and then passed over."""

    def __init__(self, control: Path) -> None:
        self._control = control
        self._stuck: set[tuple[str, int, int]] = set()

    def take(self) -> tuple[list[Request], list[str]]:
        """Take the oldest requests, at most `MOST` of them, and a sentence for what is no valid request. Never raises.

        Only files `*.json` are looked at: a request appears under that name complete, by a rename. Of more than
        `MOST_WAITING` the newest are thrown away.
        """
        requests: list[Request] = []
        refused: list[str] = []
        try:
            with os.scandir(self._control) as entries:
                names = sorted(entry.name for entry in entries if _is_request(entry))
        except OSError as error:
            key = ("", 0, error.errno or 0)
            if key not in self._stuck:  # said once, not ten times a second
                refused.append(f"the inbox cannot be read: {error.strerror or error}")
            self._stuck.add(key)
            return [], refused
        thrown_away = 0
        for name in names[MOST_WAITING:]:
            with suppress(OSError):
                (self._control / name).unlink()
                thrown_away += 1
        if thrown_away:
            refused.append(f"{thrown_away:,} requests at once: more than {MOST_WAITING:,} were waiting")
        taken = 0
        for name in names[:MOST_WAITING]:
            if taken >= MOST:
                break
            taken += self._take_one(name, requests, refused)
        return requests, refused

    def _take_one(self, name: str, requests: list[Request], refused: list[str]) -> bool:
        """Read and remove a file; whether there was one to take. It is obeyed only once it is gone."""
        path = self._control / name
        try:
            status = path.lstat()
        except OSError:  # another reader has taken it
            return False
        key = (name, status.st_ino, status.st_mtime_ns)
        if key in self._stuck:
            return False
        try:
            request = _parse(read_regular(path, MAX_REQUEST_BYTES))
            problem = "its name is too long" if len(name) > MAX_NAME else ""
        except OSError as error:
            request, problem = None, error.strerror or str(error)
        except ValueError as error:
            request, problem = None, str(error)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._stuck.add(key)
            problem = problem or f"it cannot be removed ({error.strerror or error}), so it would be obeyed for ever"
        if problem:
            refused.append(f"{reprlib.repr(name)}: {problem}")
        elif request is not None:
            requests.append(request)
        return True


def take_requests(control: Path) -> tuple[list[Request], list[str]]:
    """Empty an inbox once: see `Inbox.take`."""
    return Inbox(control).take()


def _is_request(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or not entry.name.endswith(".json"):
        return False
    try:
        return entry.is_file()  # a pipe would never end, and a folder cannot be unlinked
    except OSError:
        return False


def _parse(data: bytes) -> Request:
    value = parse_json(data)
    if not isinstance(value, dict) or not _is_plain(value.get("id")):
        raise ValueError("a request is an object with a printable text 'id'")
    request_id, kind, field, number = value["id"][:MAX_TEXT], value.get("kind"), value.get("field"), value.get("value")
    if kind not in tuple(REQUEST_NAMES):
        raise ValueError(f"unknown kind {reprlib.repr(kind)}; a request is one of {', '.join(REQUEST_NAMES)}")
    if kind != "set":
        return Request(request_id, kind)
    if not _is_plain(field):
        raise ValueError(f"a request to set has a printable text 'field', not {reprlib.repr(field)}")
    if real(number) is None:
        raise ValueError(f"a request to set {field[:MAX_TEXT]} has a finite number 'value', not {reprlib.repr(number)}")
    return Request(request_id, kind, field[:MAX_TEXT], real(number))


def _is_plain(value: Any) -> TypeGuard[str]:
    """Whether this is a text without control characters and half surrogates, which no answer could be written with."""
    return isinstance(value, str) and value.isprintable()
