"""Labels of a run: what can be one, that they are kept, and that whatever stands in the file is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.directory import RunDirectory, find_run
from gwt_ib.runs.labels import LONGEST_NAME, LONGEST_NOTES, MOST_TAGS, Labels, checked, read_labels, write_labels


def run_in(folder: Path, created: float = 1.0) -> RunDirectory:
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"created": created}))
    return RunDirectory(folder)


def test_labels_are_read_as_they_were_written(tmp_path: Path) -> None:
    run = run_in(tmp_path / "run")
    assert read_labels(run) == Labels()
    kept = write_labels(run, Labels(" my best ", ("paper", "b", "paper"), "κ = 0.1: better "))
    assert kept == read_labels(run) == Labels("my best", ("paper", "b"), "κ = 0.1: better")


def test_tags_are_added_once_and_taken_away() -> None:
    assert Labels(tags=("a", "b")).tagged(["c", "a"], ["b", "x"]) == ("a", "c")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (Labels("x" * (LONGEST_NAME + 1)), "60 characters, and this has 61"),
        (Labels("two\nlines"), "A name is one line"),
        (Labels("\x1b[31m"), "U\\+001B"),
        (Labels("a\u202eb"), "RIGHT-TO-LEFT OVERRIDE"),
        (Labels("\ud800"), "U\\+D800"),
        (Labels("latest"), "'latest' can be no name"),
        (Labels("a/b"), "means something else"),
        (Labels("--help"), "means something else"),
        (Labels(tags=("two words",)), "A tag is one word"),
        (Labels(tags=("",)), "A tag is one word"),
        (Labels(tags=("x" * 31,)), "A tag can have 30"),
        (Labels(tags=tuple(map(str, range(MOST_TAGS + 1)))), "at most 20 tags, and these are 21"),
        (Labels(notes="x" * (LONGEST_NOTES + 1)), "The notes can have 2,000"),
        (Labels(notes="\t"), ""),
        (Labels(notes="a\tb"), "The notes is one line|one line of characters"),
    ],
    ids=lambda value: None if isinstance(value, Labels) else value,
)
def test_what_can_be_no_label_is_refused_in_a_sentence(labels: Labels, words: str) -> None:
    if not words:
        assert checked(labels) == Labels()
        return
    with pytest.raises(UserError, match=words) as caught:
        checked(labels)
    assert caught.value.code == ExitCode.USAGE and caught.value.message.endswith(".")


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        ("{", Labels()),
        ("[]", Labels()),
        ('{"name": 5, "tags": "a", "notes": null}', Labels()),
        ('{"name": "a\\u001b", "tags": ["a", 1, "b c", "a"], "notes": "x"}', Labels("", ("a",), "x")),
        (json.dumps({"name": "n" * 61, "tags": [f"t{number}" for number in range(30)]}),
         Labels("", tuple(f"t{number}" for number in range(20)))),
    ],
    ids=["damaged", "list", "types", "hostile", "long"],
)  # fmt: skip
def test_whatever_stands_in_the_file_is_read(tmp_path: Path, content: str, labels: Labels) -> None:
    run = run_in(tmp_path / "run")
    run.labels.write_text(content)
    assert read_labels(run) == labels


def test_a_link_in_place_of_the_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    run, mine = run_in(tmp_path / "run"), tmp_path / "thesis.tex"
    mine.write_text("x")
    run.labels.symlink_to(mine)
    write_labels(run, Labels("a"))
    assert mine.read_text() == "x" and read_labels(run).name == "a" and not run.labels.is_symlink()


def test_a_run_is_found_by_its_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = (run_in(Path("runs") / name, created) for created, name in enumerate(("one", "two")))
    write_labels(first, Labels("best"))
    assert find_run("best") == first
    write_labels(first, Labels("two"))
    assert find_run("two") == second, "a directory goes before a label"
    write_labels(first, Labels("best"))
    write_labels(second, Labels("best"))
    with pytest.raises(UserError, match=r"2 runs are called 'best': name one of two, one\.") as caught:
        find_run("best")
    assert caught.value.code == ExitCode.USAGE
    with pytest.raises(UserError, match="Did you mean best"):
        find_run("bast")
