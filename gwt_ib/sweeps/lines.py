"""On which line of a sweep's file something stands: TOML's own reader does not say; pure."""

from __future__ import annotations

import re

_HEADER = re.compile(r"^\s*(\[\[?)\s*[\"']?([A-Za-z0-9_-]+)[\"']?\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*[\"']?([A-Za-z0-9_-]+)[\"']?\s*[=.]")


class Lines:
    """The lines of a text called `name`, by table, place of the table among those of its name, and key."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.top: set[str] = set()
        """Keys outside of every table."""
        self._known: dict[tuple[str, int, str], int] = {}
        table, place, count = "", 0, {"": 1}
        for number, line in enumerate(text.splitlines(), start=1):
            if header := _HEADER.match(line):
                table = header[2]
                place = count.get(table, 0)
                count[table] = place + 1
                self._known.setdefault((table, place, ""), number)
            elif key := _KEY.match(line):
                self._known.setdefault((table, place, key[1]), number)
                if not table:
                    self.top.add(key[1])

    def place(self, table: str, key: str, place: int = 0) -> str:
        """`FILE, line 7`, as near as it can be told: the key's line, its table's, or only the file."""
        for known in ((table, place, key), (table, place, ""), ("", 0, table)):
            if known in self._known:
                return f"{self.name}, line {self._known[known]}"
        return self.name
