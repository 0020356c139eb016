"""The words between a page, the server and a dashboard, as the scripts of textual-serve and Textual's web driver have them.

A page sends JSON lists, `[kind, value]`. To and from a dashboard go packets: a letter, the length in four bytes, the
payload. `D` is what a terminal would get or send, `M` is JSON about it.
"""

from __future__ import annotations

import json
from typing import Any

STARTED = b"__GANGLION__\n"
"""What a dashboard writes before its first packet."""
DATA, META = b"D", b"M"
HEAD = 5
LARGEST = 1_000
"""Columns or rows that a page may ask for."""


def packet(kind: bytes, payload: bytes) -> bytes:
    """One packet."""
    return kind + len(payload).to_bytes(4, "big") + payload


def parsed_head(head: bytes) -> tuple[bytes, int]:
    """The kind of a packet and the length of its payload, from its first `HEAD` bytes."""
    return head[:1], int.from_bytes(head[1:], "big")


def meta(kind: str, **fields: int) -> bytes:
    """A packet that tells a dashboard something of its terminal."""
    return packet(META, json.dumps({"type": kind, **fields}).encode())


def size_of(width: object, height: object) -> tuple[int, int]:
    """Columns and rows as a page gives them, made possible. Raises `ValueError` and `TypeError`."""
    columns, rows = (min(max(int(number), 1), LARGEST) for number in (width, height))  # type: ignore[call-overload]  # int() judges
    return columns, rows


def for_dashboard(text: str) -> bytes:
    """What a page's message is to its dashboard: a packet; empty where it says nothing that is understood."""
    try:
        message: Any = json.loads(text)
        match message:
            case ["stdin", str(keys)]:
                return packet(DATA, keys.encode())
            case ["resize", {"width": width, "height": height}]:
                columns, rows = size_of(width, height)
                return meta("resize", width=columns, height=rows)
            case ["focus" | "blur" as kind, *_]:
                return meta(kind)
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    return b""


def answer_to(text: str) -> str:
    """The server's own answer to a page's message; empty where there is none."""
    try:
        match json.loads(text):
            case ["ping", value]:
                return json.dumps(["pong", value])
    except (ValueError, RecursionError):
        pass
    return ""
