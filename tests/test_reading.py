"""docs/reading.md names every module of both packages once, with the first line of its docstring."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAMED = re.compile(r"^(?:\d+\.|-) `(?P<path>[\w/]+\.py)`: (?P<sentence>.+)$", re.MULTILINE)


def first_lines() -> dict[str, str]:
    """The first docstring line of every module; an `__init__` that has nothing but its docstring is left out."""
    found = {}
    for package in ("gwt_ib", "gwt_ib_tui"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            if path.name == "__init__.py" and not any(
                isinstance(part, ast.ClassDef | ast.FunctionDef) for part in tree.body
            ):
                continue
            found[path.relative_to(ROOT).as_posix()] = (ast.get_docstring(tree) or "").splitlines()[0]
    return found


def test_the_reading_order_names_every_module_once_with_its_own_first_line() -> None:
    named = NAMED.findall((ROOT / "docs" / "reading.md").read_text(encoding="utf-8"))
    assert len(named) == len({path for path, _ in named}), "a module is named twice"
    assert dict(named) == first_lines()
