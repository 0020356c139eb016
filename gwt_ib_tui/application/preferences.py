"""What the user has chosen in a dashboard: theme, how charts are drawn, which metrics they show. Kept per user."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gwt_ib.durable import write_json
from gwt_ib.machine import own_folder
from gwt_ib_tui.charts.palette import DEFAULT_THEME, THEMES
from gwt_ib_tui.charts.view import ChartView, Outliers, Symbols, XAxis
from gwt_ib_tui.terminal import draws_unicode

MOST_LAYOUTS = 200
LONGEST_FILTER = 200  # characters
NO_HOME = "theme and layout are not kept: this user has no home folder (HOME or XDG_STATE_HOME names one)"
Ending = Literal["svg", "pdf", "png"]
OF_USER = {"theme", "figure"}
"""What is the same for all runs."""
OF_VIEW = {"x_axis", "log_x", "log_y", "smoothing", "outliers", "symbols"}


class Preferences(BaseModel):
    """What is kept. The window and the cursor of the charts are not: they belong to one run and one look at it."""

    model_config = ConfigDict(frozen=True, strict=True)

    theme: str = DEFAULT_THEME
    x_axis: XAxis = "env_steps"
    log_x: bool = False
    log_y: bool = False
    smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    outliers: Outliers = "early"
    symbols: Symbols = "braille"
    figure: Ending = "svg"
    """As what a chart is written by its key; chosen by hand in the file."""
    metric_filter: Annotated[str, Field(max_length=LONGEST_FILTER)] = ""

    @property
    def view(self) -> ChartView:
        """How the charts begin."""
        return ChartView(**self.model_dump(include=OF_VIEW))

    @classmethod
    def of(cls, theme: str, view: ChartView, metric_filter: str, figure: Ending = "svg") -> Preferences:
        """What is chosen now."""
        kept = {field: getattr(view, field) for field in OF_VIEW}
        return cls(theme=theme, figure=figure, metric_filter=metric_filter[:LONGEST_FILTER], **kept)


class RunLayout(Preferences):
    """What was chosen in one run's dashboard: the same, with the part of the x axis in sight. The theme is the user's."""

    span: Annotated[float, Field(gt=0.0)] | None = None
    end: float | None = None

    @property
    def view(self) -> ChartView:
        """How the charts of this run begin."""
        return replace(super().view, span=self.span, end=self.end)

    @classmethod
    def of_run(cls, theme: str, view: ChartView, metric_filter: str) -> RunLayout:
        """What is chosen now."""
        return cls(**Preferences.of(theme, view, metric_filter).model_dump(), span=view.span, end=view.end)


def run_layout_path(run: Path) -> Path | None:
    """Where a run's layout is kept: with the user and not with the run, which is the trainer's and may be a stranger's."""
    folder = own_folder("state")
    name = hashlib.sha256(os.fsencode(run.absolute())).hexdigest()[:24]
    return None if folder is None else folder / "layouts" / f"{name}.json"


def read_run_layout(path: Path | None, theirs: Preferences) -> Preferences:
    """What was chosen in a run's dashboard under the user's theme; `theirs` where nothing was, or it cannot be read."""
    if path is None:
        return theirs
    try:
        read = RunLayout.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return theirs
    return read.model_copy(update=theirs.model_dump(include=OF_USER))


def save_run_layout(path: Path | None, layout: RunLayout, before: Preferences) -> None:
    """Keep it where it was changed; of many runs the newest layouts stay. A look at a run never fails for it."""
    if layout.symbols == for_this_terminal(before).symbols:  # what only suits this terminal is not kept
        layout = layout.model_copy(update={"symbols": before.symbols})
    values = (each.model_dump(exclude=OF_USER) for each in (layout, RunLayout(**before.model_dump())))
    if path is None or next(values) == next(values):
        return
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        known = sorted(path.parent.glob("*.json"), key=lambda found: found.stat().st_mtime)
        for oldest in known[: max(len(known) - MOST_LAYOUTS + 1, 0)]:
            oldest.unlink()
        write_json(path, layout.model_dump(mode="json"), durable=False)


def theme_names() -> tuple[str, ...]:
    """The themes that a dashboard knows: ours, then Textual's."""
    from textual.theme import BUILTIN_THEMES

    return (*(theme.name for theme in THEMES), *BUILTIN_THEMES)


def preferences_path() -> Path | None:
    """Where it is kept; None for a user without a home."""
    folder = own_folder("state")
    return None if folder is None else folder / "layout.json"


def read_preferences(path: Path | None) -> tuple[Preferences, str]:
    """What was kept, or the default with a sentence that says why. Never raises."""
    if path is None:
        return Preferences(), NO_HOME
    try:
        return Preferences.model_validate_json(path.read_bytes()), ""
    except FileNotFoundError:
        return Preferences(), ""
    except OSError as error:
        return Preferences(), f"the saved layout is not used: {error.strerror}: {path}"
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        reason = ": ".join(filter(None, (place, first["msg"], str(path))))
        return Preferences(), f"the saved layout is not used: {reason}"


def for_this_terminal(preferences: Preferences) -> Preferences:
    """What this terminal can show: charts in ASCII where it has nothing else, whatever was chosen in another one."""
    return preferences if draws_unicode() else preferences.model_copy(update={"symbols": "ascii"})


def save_preferences(path: Path | None, preferences: Preferences, before: Preferences | None = None) -> str:
    """Keep them; where that cannot be done, the one before stays. A look at a run never fails for it.

    Symbols that only suit this terminal are not kept: those of the `before` that was read stay. Returns a sentence where
    nothing was kept.
    """
    if path is None:
        return NO_HOME
    passing: set[str] = set()
    if before is not None and preferences.symbols == for_this_terminal(before).symbols:
        preferences = preferences.model_copy(update={"symbols": before.symbols})
        passing = set() if "symbols" in before.model_fields_set else {"symbols"}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, preferences.model_dump(mode="json", exclude=passing), durable=False)
    except OSError as error:
        return f"theme and layout are not kept: {error.strerror}: {path}"
    return ""
