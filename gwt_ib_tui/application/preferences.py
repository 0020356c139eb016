"""What the user has chosen in a dashboard: theme, how charts are drawn, which metrics they show. Kept per user."""

from __future__ import annotations

import locale
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gwt_ib.durable import write_json
from gwt_ib.machine import own_folder
from gwt_ib_tui.charts.palette import DEFAULT_THEME
from gwt_ib_tui.charts.view import ChartView, Outliers, Symbols, XAxis

LONGEST_FILTER = 200  # characters
NO_HOME = "theme and layout are not kept: this user has no home folder (HOME or XDG_STATE_HOME names one)"
Ending = Literal["svg", "pdf", "png"]
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
    """What this terminal can show: where nothing is said of symbols, ASCII unless the locale has others."""
    if "symbols" in preferences.model_fields_set or locale.getencoding().lower().startswith("utf"):
        return preferences
    return preferences.model_copy(update={"symbols": "ascii"})


def save_preferences(path: Path | None, preferences: Preferences, before: Preferences | None = None) -> str:
    """Keep them; where that cannot be done, the one before stays. A look at a run never fails for it.

    Symbols that only suit this terminal are not kept: those of the `before` that was read, if it says nothing of them.
    Returns a sentence where nothing was kept.
    """
    if path is None:
        return NO_HOME
    passing: set[str] = set()
    if before is not None and "symbols" not in before.model_fields_set:
        passing = {"symbols"} if preferences.symbols == for_this_terminal(before).symbols else set()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, preferences.model_dump(mode="json", exclude=passing), durable=False)
    except OSError as error:
        return f"theme and layout are not kept: {error.strerror}: {path}"
    return ""
