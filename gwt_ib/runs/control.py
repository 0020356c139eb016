"""The inbox of a run: anyone who may write to the run directory asks, the trainer answers in `events.jsonl`."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from gwt_ib.clock import utc_now
from gwt_ib.runs.durable import write_json

RequestKind = Literal["pause", "unpause", "snapshot", "stop"]
REQUEST_KINDS: tuple[str, ...] = get_args(RequestKind)
MAX_REQUEST_BYTES = 65536


@dataclass(frozen=True)
class Request:
    """One request; the trainer's answers carry its `id`."""

    id: str
    kind: RequestKind


def send_request(control: Path, kind: RequestKind) -> str:
    """Put a request into the inbox and return its id. Raises `OSError` when the directory cannot be written."""
    stamp = utc_now()
    request_id = f"{int(stamp * 1000):013d}-{secrets.token_hex(4)}"
    write_json(control / f"{request_id}.json", {"id": request_id, "kind": kind, "time": stamp}, durable=False)
    return request_id


def take_requests(control: Path) -> tuple[list[Request], list[str]]:
    """Empty the inbox: the valid requests, oldest first, and one sentence for each file that was none.

    Only `*.json` files are looked at: a request appears under that name complete, by a rename.
    """
    requests: list[Request] = []
    refused: list[str] = []
    for path in sorted(control.glob("[!.]*.json")):
        try:
            with path.open("rb") as file:
                data = file.read(MAX_REQUEST_BYTES + 1)
            requests.append(_parse(data))
        except (ValueError, OSError) as error:
            refused.append(f"{path.name}: {error}")
        path.unlink(missing_ok=True)
    return requests, refused


def _parse(data: bytes) -> Request:
    if len(data) > MAX_REQUEST_BYTES:
        raise ValueError("the request is too large")
    value = json.loads(data)
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise ValueError("a request is an object with a text field 'id'")
    if value.get("kind") not in REQUEST_KINDS:
        raise ValueError(f"unknown kind {value.get('kind')!r}; a request is one of {', '.join(REQUEST_KINDS)}")
    return Request(id=value["id"][:100], kind=cast(RequestKind, value["kind"]))
