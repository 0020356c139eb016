from __future__ import annotations

import subprocess
import sys


def test_the_dashboard_never_imports_torch() -> None:
    code = (
        "import sys, gwt_ib_tui.application.app, gwt_ib_tui.application.picture; "
        "print('torch' in sys.modules, 'gymnasium' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "False"]
