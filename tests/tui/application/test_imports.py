from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import gwt_ib_tui.application


def test_the_dashboard_never_imports_torch() -> None:
    code = "import sys, gwt_ib_tui.application.run_dashboard; print('torch' in sys.modules, 'gymnasium' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "False"]


def test_the_application_does_not_know_which_source_it_has() -> None:
    for path in Path(gwt_ib_tui.application.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.module == "gwt_ib_tui.state.replay.replay"), path
            asks = isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance"
            assert not (asks and "source" in ast.unparse(node.args[0])), path
            assert not (isinstance(node, ast.Attribute) and node.attr == "replay"), path
