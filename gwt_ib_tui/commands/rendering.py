"""A picture in SVG as PNG, by whichever program that can do it is installed; none is a dependency."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from gwt_ib.errors import ExitCode, UserError

RENDER_S = 60.0
SCALE = 2
"""Pixels for one of the SVG's, so that letters are sharp."""
_SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


def write_png(svg: str, path: Path) -> None:
    """Write a picture in SVG as PNG. Raises `UserError` where no program can, and `OSError` where it cannot be written."""
    found = [(name, program, make) for name, make in PROGRAMS.items() if (program := shutil.which(name))]
    if not found:
        names = ", ".join(PROGRAMS)
        words = f"PNG needs one of these programs: {names}. Write it as SVG instead: {path.with_suffix('.svg')}."
        raise UserError(words, ExitCode.BAD_CONFIGURATION)
    problems = []
    with tempfile.TemporaryDirectory(prefix="gwt-ib-picture-") as folder:
        source, target = Path(folder) / "picture.svg", Path(folder) / "picture.png"
        source.write_text(svg, encoding="utf-8")
        for name, program, make in found:
            problem = _run([program, *make(source, target, size_of(svg))], folder)
            if not problem and target.is_file():
                path.write_bytes(target.read_bytes())
                return
            problems.append(f"{name}: {problem or 'it wrote nothing'}")
    raise UserError(f"No PNG was made ({'; '.join(problems)}). Write it as SVG instead.", ExitCode.BAD_CONFIGURATION)


def size_of(svg: str) -> tuple[int, int]:
    """Width and height of a picture in its own pixels, rounded up."""
    found = _SIZE.search(svg)
    return (round(float(found[1]) + 0.5), round(float(found[2]) + 0.5)) if found else (1200, 800)


def _run(command: list[str], folder: str) -> str:
    """Run a program; what was wrong in a few words, or nothing."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=RENDER_S,
            cwd=folder,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {RENDER_S:g} s"
    except OSError as error:
        return error.strerror or str(error)
    return f"exit code {done.returncode}" if done.returncode else ""


Arguments = Callable[[Path, Path, tuple[int, int]], list[str]]


def _rsvg(source: Path, target: Path, size: tuple[int, int]) -> list[str]:
    return ["--zoom", str(SCALE), "--output", str(target), str(source)]


def _cairosvg(source: Path, target: Path, size: tuple[int, int]) -> list[str]:
    return [str(source), "--scale", str(SCALE), "--output", str(target)]


def _inkscape(source: Path, target: Path, size: tuple[int, int]) -> list[str]:
    return [str(source), f"--export-width={SCALE * size[0]}", f"--export-filename={target}"]


def _chromium(source: Path, target: Path, size: tuple[int, int]) -> list[str]:
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [
        "--headless",
        "--disable-gpu",
        "--hide-scrollbars",
        "--default-background-color=00000000",
        f"--force-device-scale-factor={SCALE}",
        f"--window-size={size[0]},{size[1]}",
        f"--user-data-dir={target.parent / 'profile'}",
        f"--screenshot={target}",
        *(["--no-sandbox"] if root else []),  # it refuses to start in one as root; the picture is our own
        source.as_uri(),
    ]


PROGRAMS: dict[str, Arguments] = {
    "rsvg-convert": _rsvg,
    "cairosvg": _cairosvg,
    "inkscape": _inkscape,
    "chromium": _chromium,
    "chromium-browser": _chromium,
    "google-chrome": _chromium,
}
"""Programs by the name of their command, the lightest first, each with its arguments."""
