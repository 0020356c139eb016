"""Colours that colour-blind eyes tell apart, and lines that differ without colours."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from gwt_ib.figures.styles import DASHES, MARKERS, STYLES, Style

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
EYES = {
    "all-colours": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
LEAST_DIFFERENCE = 15.0  # in CIELAB; about 2 can just be seen side by side
FIRST = 5  # lines in one figure that colours alone must tell apart


def linear(color: str) -> np.ndarray:
    channels = np.array([int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    x, y, z = np.cbrt(np.maximum(xyz / [0.9505, 1.0, 1.089], 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("style", [STYLES["light"], STYLES["dark"]], ids=["light", "dark"])
def test_the_first_colours_differ_for_every_kind_of_eyes(style: Style, eyes: str) -> None:
    seen = [lab(EYES[eyes] @ linear(color)) for color in style.colors[:FIRST]]
    least = min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2))
    assert least >= LEAST_DIFFERENCE, f"{style.name} {eyes}: {least:.1f}"


@pytest.mark.parametrize("style", STYLES.values(), ids=list(STYLES))
def test_lines_differ_in_dash_or_marker_and_stand_out_from_the_ground(style: Style) -> None:
    looks = [(style.dash(look), style.marker(look)) for look in range(len(DASHES) * len(MARKERS))]
    assert len(set(looks)) == len(looks)
    for color in style.colors:
        assert abs(lab(linear(color))[0] - lab(linear(style.ground))[0]) > 25, color


def test_print_is_grey_and_its_bars_differ_in_their_hatches() -> None:
    style = STYLES["print"]
    colors = (*style.colors, *style.levels, style.ground, style.text, style.frame, style.grid)
    assert all(color[1:3] == color[3:5] == color[5:7] for color in colors)
    assert len({style.hatch(look) for look in range(4)}) == 4 and STYLES["light"].hatch(1) == ""
