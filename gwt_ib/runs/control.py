"""The inbox of a run: requests as files, from any program that can write there; the trainer answers in `events.jsonl`."""

from __future__ import annotations

import json
import reprlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeGuard

from gwt_ib.clock import utc_now
from gwt_ib.durable import write_json
from gwt_ib.lenient import real

RequestKind = Literal["pause", "unpause", "snapshot", "evaluate", "set", "stop"]
REQUEST_NAMES: dict[str, str] = {
    "pause": "pause",
    "unpause": "go on",
    "snapshot": "snapshot",
    "stop": "stop",
    "evaluate": "evaluation",
    "set": "setting",
}
"""The kinds of requests, in words."""
MAX_REQUEST_BYTES = 65536
MAX_TEXT = 100  # characters of an id or a field that are kept


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


def take_requests(control: Path) -> tuple[list[Request], list[str]]:
    """Empty the inbox: the valid requests, oldest first, and one sentence for each file that is not a valid request.

    Only files `*.json` are looked at: a request appears under that name complete, by a rename.
    """
    requests: list[Request] = []
    refused: list[str] = []
    for path in sorted(control.glob("[!.]*.json")):
        if not path.is_file():  # a pipe would never end, and a folder cannot be unlinked
            continue
        try:
            with path.open("rb") as file:
                data = file.read(MAX_REQUEST_BYTES + 1)
            requests.append(_parse(data))
        except (ValueError, OSError, RecursionError) as error:
            refused.append(f"{path.name!r}: {error}")
        path.unlink(missing_ok=True)
    return requests, refused


def _parse(data: bytes) -> Request:
    if len(data) > MAX_REQUEST_BYTES:
        raise ValueError("the request is too large")
    value = json.loads(data)
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
