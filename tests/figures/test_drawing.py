"""Files of figures: the same bytes each time, nothing of the clock in them, text as outlines or with its font."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.figures.drawing import columns_of, rendered, size_of
from gwt_ib.figures.figure import Axis, Figure, Panel, Series
from gwt_ib.figures.files import ending_of, write_figure, write_numbered
from gwt_ib.figures.labels import spread
from gwt_ib.figures.styles import STYLES

X = np.arange(20.0)
STEPS, RETURN = Axis("env_steps", "env steps"), Axis("ep100", "return")


def series(look: int = 0, form: str = "line", end: float = 1.0, label: str = "") -> Series:
    y = np.linspace(0.0, end, len(X))
    return Series(label or f"{form} {look}", X, y, y - 0.1, y + 0.1, np.full(len(X), 3.0), look, form)  # type: ignore[arg-type]


CURVES = Figure((Panel("ep100", STEPS, RETURN, (series(0), series(1, end=1.02), series(1, "level"))),))
SEVERAL = Figure(
    (*CURVES.panels, Panel("b $x^$", STEPS, Axis("c", "c", limits=(0, 1)), (series(0, "band"), series(0))))
)
TASKS = np.arange(2.0)
BARS = Figure((Panel("mmer", Axis("task", ""), RETURN, tuple(
    Series(form, TASKS, TASKS, TASKS - 0.1, TASKS + 0.1, TASKS + 1, look, form)  # type: ignore[arg-type]
    for look, form in ((0, "bar"), (1, "bar"), (0, "mark"), (1, "mark"))
), ("one", "two")),))  # fmt: skip
GATE = Figure(
    (Panel("gate", Axis("td", "|TD|", "surprise", limits=(0, 2)), Axis("c", "c", "log"), (series(0, end=2.0),)),)
)
FIGURES = {"curves": CURVES, "several": SEVERAL, "bars": BARS, "gate": GATE}


@pytest.mark.parametrize("ending", ["pdf", "png", "svg"])
def test_the_same_figure_is_the_same_file(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = rendered(CURVES, ending, STYLES["light"])
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert rendered(CURVES, ending, STYLES["light"]) == first
    for word in (b"CreationDate", b"dc:date", b"Software", b"Matplotlib v", b"matplotlib.org"):
        assert word not in first


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", FIGURES)
def test_every_kind_of_figure_is_drawn_in_every_style(name: str, style: str) -> None:
    assert rendered(FIGURES[name], "svg", STYLES[style]).startswith(b"<?xml")


def test_one_legend_for_all_panels_says_of_how_many_runs_lines_are(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure as Sheet

    shown: list[list[str]] = []
    monkeypatch.setattr(Sheet, "legend", lambda self, handles, labels, **given: shown.append(list(labels)))
    fewer = replace(series(0), n=np.full(len(X), 2.0))
    panels = (CURVES.panels[0], replace(CURVES.panels[0], series=(fewer, *CURVES.panels[0].series[1:])))
    rendered(Figure(panels), "svg", STYLES["light"])
    assert shown == [["line 0 (n = 2 to 3)", "line 1 (n = 3)", "level 1"]]


def test_a_pdf_has_its_font_inside() -> None:
    data = rendered(CURVES, "pdf", STYLES["print"])
    assert b"/FontFile2" in data and b"/Type3" not in data


def test_settings_of_matplotlib_are_left_as_they_were_and_a_users_own_change_nothing() -> None:
    import matplotlib

    before = rendered(CURVES, "svg", STYLES["light"])
    with matplotlib.rc_context({"font.size": 30.0, "axes.grid": False}):
        assert rendered(CURVES, "svg", STYLES["light"]) == before
        assert matplotlib.rcParams["font.size"] == 30.0


def test_sizes_are_those_of_a_column_and_of_a_page() -> None:
    assert size_of(CURVES, STYLES["print"])[0] == 3.3 and size_of(SEVERAL, STYLES["print"])[0] == 6.75
    assert columns_of(3, 3.3) == 1 and columns_of(3, 6.75) == 3 and columns_of(4, 6.75) == 2
    assert columns_of(6, 6.75, 2) == 2 and columns_of(6, 3.3, 2) == 1
    assert size_of(BARS, STYLES["light"], 6.75)[0] == 6.75
    png = rendered(CURVES, "png", STYLES["print"], (3.3, 2.0))
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (990, 600)


def test_without_matplotlib_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UserError, match=r"pip install 'gwt-ib\[figures\]'") as refused:
        write_figure(CURVES, tmp_path / "fig.pdf", STYLES["light"])
    assert refused.value.code == ExitCode.BAD_CONFIGURATION and not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["fig.jpg", "fig", "fig.pdf.eps"])
def test_another_ending_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"PDF, PNG or SVG: give .*pdf in place of") as refused:
        ending_of(Path(name))
    assert refused.value.code == ExitCode.USAGE
    assert ending_of(Path("a.b.PNG")) == "png"


def test_a_figure_has_its_data_beside_it_and_another_of_its_name_stays(tmp_path: Path) -> None:
    first = write_numbered(CURVES, tmp_path, "ep100", "svg", STYLES["light"])
    assert write_numbered(CURVES, tmp_path, "ep100", "svg", STYLES["light"]) == first
    second = write_numbered(SEVERAL, tmp_path, "ep100", "svg", STYLES["light"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ep100-2.csv", "ep100-2.svg", "ep100.csv", "ep100.svg"]
    assert second.name == "ep100-2.svg"
    assert (tmp_path / "ep100.csv").read_text().startswith("panel,series,")


def test_labels_are_pushed_apart_no_further_than_needed_and_stay_inside() -> None:
    assert spread([50.0, 52.0, 90.0], 10.0, 0.0, 100.0) == [46.0, 56.0, 90.0]
    assert spread([99.0, 98.0], 10.0, 0.0, 100.0) == [95.0, 85.0]
    assert spread([10.0, 11.0, 12.0], 10.0, 0.0, 100.0) == [5.0, 15.0, 25.0]
    assert spread([1.0, 2.0, 3.0], 10.0, 0.0, 29.0) is None


def test_names_stand_at_the_ends_of_lines_where_there_is_room_and_else_in_a_legend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from gwt_ib.figures import drawing

    placed: list[frozenset[str]] = []
    real = drawing.place_labels
    monkeypatch.setattr(drawing, "place_labels", lambda *given: placed.append(real(*given)) or placed[-1])
    rendered(CURVES, "svg", STYLES["light"])
    long = Figure(
        (Panel("ep100", STEPS, RETURN, (series(0, label="a very long name of a setting, of no use"), series(1))),)
    )
    rendered(long, "svg", STYLES["light"])
    assert placed == [frozenset({"line 0", "line 1", "level 1"}), frozenset()]
