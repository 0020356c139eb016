"""What is on the screen of an application, as SVG."""

from __future__ import annotations

import re
from typing import Any

from textual.app import App

from gwt_ib.text import plain

_WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def screenshot(app: App[Any], title: str) -> str:
    """The picture of the screen in front, as large as the terminal."""
    return without_web_font(app.export_screenshot(title=plain(title)))


def without_web_font(picture: str) -> str:
    """An SVG that loads nothing from the network: it uses the viewer's own monospaced font."""
    return _WEB_FONT.sub("", picture)
