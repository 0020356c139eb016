"""An observation as people read it: each part by name, choices as a row with one of them filled, numbers as bars; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.text import Text

from gwt_ib.envs.observation_parts import Part, split
from gwt_ib.text import number, shortened
from gwt_ib_tui.charts.glyphs import GLYPHS
from gwt_ib_tui.charts.half_blocks import picture_lines
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.charts.view import Symbols

Values = npt.NDArray[Any]
LEAST_IMAGE = 8
"""Numbers along each side from which on a part with rows and columns is drawn as a picture."""
BAR = 16


@dataclass(frozen=True)
class Look:
    """How it is drawn."""

    width: int
    palette: Palette
    symbols: Symbols = "braille"
    colours: bool = True
    dark: bool = True

    @property
    def filled(self) -> str:
        """A choice that was made."""
        return "#" if self.symbols == "ascii" else "■"

    @property
    def empty(self) -> str:
        """One that was not."""
        return "." if self.symbols == "ascii" else "·"


def observation_lines(
    parts: Sequence[Part], observation: npt.NDArray[np.float32], step: int, look: Look, height: int
) -> list[Text]:
    """Row `step` of `observation` [T + 1, O] in at most `height` lines; what has changed since the row before is bold."""
    row, before = observation[step], observation[max(step - 1, 0)]
    known = parts if sum(part.size for part in parts) == len(row) else (Part("numbers", "numbers", row.shape),)
    least, most = observation.min(axis=0), observation.max(axis=0)
    lines: list[Text] = []
    at = 0
    for part, values, old in zip(known, split(known, row), split(known, before), strict=True):
        limits = least[at : at + part.size], most[at : at + part.size]
        at += part.size
        lines += _part(part, values, old, limits, look, height - len(lines) - 1)
    if len(lines) > height:
        left = len(lines) - height + 1
        lines = [*lines[: height - 1], Text(f" … and {left} more lines", style=look.palette.dim, end="")]
    return lines


def _part(
    part: Part, values: Values, old: Values, limits: tuple[Values, Values], look: Look, height: int
) -> list[Text]:
    if _is_image(part):
        return [_title(part.name, "", look), *_image(values, limits, look, max(height, 4))]
    flat, before = values.reshape(-1), old.reshape(-1)
    if part.kind == "numbers":
        return _numbers(part, flat, before, limits, look)
    if part.kind == "choices" and len(flat) == 1:
        return [_choice(part, int(flat[0]), look)]
    title, grid = _title(part.name, "", look), _grid(part, flat, before, look)
    if len(grid) == 1 and title.cell_len + grid[0].cell_len < look.width:
        return [title.append_text(grid[0])]
    return [title, *grid]


def short_words(parts: Sequence[Part], row: npt.NDArray[np.float32], most: int = 12) -> str:
    """The values of some parts in a few characters, such as `3 0 1` or `0.12 -0.50`."""
    words: list[str] = []
    for part, values in zip(parts, split(parts, row), strict=True):
        flat = values.reshape(-1)
        words += [number(float(value)) if part.kind == "numbers" else str(int(value)) for value in flat[: most + 1]]
    return " ".join(words[:most]) + (" …" if len(words) > most else "")


def _title(name: str, value: str, look: Look) -> Text:
    line = Text(" ", no_wrap=True, end="").append(f"{shortened(name, 17):17}", f"bold {look.palette.text}")
    return line.append(f" {value}" if value else "", look.palette.text)


def _choice(part: Part, value: int, look: Look) -> Text:
    """One choice of several: all of them as a row, or where it lies among many."""
    count, first = part.choices[0], part.first[0]
    words = f"{value}".rjust(len(str(first + count - 1)))
    line = _title(part.name, words, look).append("  ")
    room = look.width - line.cell_len - 1
    if count <= room // 2:
        for place in range(count):
            chosen = place == value - first
            style = f"bold {look.palette.line}" if chosen else look.palette.frame
            line.append((look.filled if chosen else look.empty) + " ", style)
    elif room >= 4:
        here = (value - first) * (room - 1) // max(count - 1, 1)
        line.append(look.empty * here, look.palette.frame).append(look.filled, f"bold {look.palette.line}")
        line.append(look.empty * (room - 1 - here), look.palette.frame)
    return line


def _grid(part: Part, values: Values, before: Values, look: Look) -> list[Text]:
    """Several choices or flags, in rows of their shape where that fits, else in as many columns as fit."""
    cells = max(len(str(int(value))) for value in values) + 1
    fits = max((look.width - 3) // cells, 1)
    across = part.shape[-1] if len(part.shape) > 1 and part.shape[-1] <= fits else min(fits, len(values))
    lines = []
    for first in range(0, len(values), across):
        line = Text("  ", no_wrap=True, end="")
        for value, old in zip(values[first : first + across], before[first : first + across], strict=True):
            style = f"bold {look.palette.target}" if value != old else look.palette.text if value else look.palette.dim
            line.append(f"{int(value)}".rjust(cells), style)
        lines.append(line)
    return lines


def _numbers(part: Part, values: Values, before: Values, limits: tuple[Values, Values], look: Look) -> list[Text]:
    """A line each: the value, and where it lies between the least and the largest of the episode."""
    glyphs, palette = GLYPHS[look.symbols], look.palette
    lines = []
    for place, (value, old, low, high) in enumerate(zip(values, before, *limits, strict=True)):
        name = part.name if len(values) == 1 else f"{part.name}[{place}]"
        line = Text(" ", no_wrap=True, end="").append(f"{shortened(name, 17):17}", f"bold {palette.text}")
        line.append(number(float(value)).rjust(10), f"bold {palette.target}" if value != old else palette.text)
        room = min(look.width - line.cell_len - 4, 3 * BAR)
        if room >= 4:
            share = 0.5 if high <= low else (float(value) - float(low)) / (float(high) - float(low))
            here = round(min(max(share, 0.0), 1.0) * (room - 1))
            line.append(f"  {glyphs.left_end}" + glyphs.axis * here, palette.frame)
            line.append(glyphs.point, f"bold {palette.line}")
            line.append(glyphs.axis * (room - 1 - here) + glyphs.right_end, palette.frame)
        lines.append(line)
    return lines


def _is_image(part: Part) -> bool:
    shape = part.shape
    flat = len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))
    return part.kind == "numbers" and flat and min(shape[:2]) >= LEAST_IMAGE


def _image(values: Values, limits: tuple[Values, Values], look: Look, height: int) -> list[Text]:
    """Numbers with rows and columns as a picture, from the least to the largest of the episode."""
    low, high = float(limits[0].min()), float(limits[1].max())
    grey = (values.reshape(*values.shape[:2], -1) - low) / (high - low if high > low else 1.0)
    pixels = np.rint(np.clip(np.nan_to_num(grey), 0.0, 1.0) * 255).astype(np.uint8)
    pixels = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
    return picture_lines(pixels, look.width, height, colours=look.colours, dark=look.dark)
