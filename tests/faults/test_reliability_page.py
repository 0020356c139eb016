"""docs/reliability.md has every row once, and the tests that it names exist."""

from __future__ import annotations

import ast
import re

from faults_support import ROOT

from gwt_ib.processes.watch import WATCHED

PAGE = ROOT / "docs" / "reliability.md"
ROW = re.compile(r"^\| F(?P<number>\d+) \| (?P<cells>.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`(?P<file>[\w/]+\.py)::(?P<test>\w+)`")


def test_the_table_has_every_row_once_with_a_promise_and_a_test():
    rows = {int(found["number"]): found["cells"].split(" | ") for found in ROW.finditer(PAGE.read_text())}
    assert list(rows) == list(range(1, 37))
    for number, (fault, promise, test, *_) in rows.items():
        assert fault and promise and test.strip(), f"F{number}"


def test_the_tests_that_it_names_exist():
    named = list(NAMED.finditer(PAGE.read_text()))
    assert len(named) >= 30
    for found in named:
        path = ROOT / "tests" / found["file"]
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert found["test"] in names, f"{found['file']} has no {found['test']}"


def test_what_is_watched_is_said_as_it_is():
    page = PAGE.read_text()
    for row in WATCHED:
        assert f"| {row.process} | {row.must} | {row.within} | {row.otherwise} |" in page
