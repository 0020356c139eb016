"""Every block of docs/api.md runs, one after the other, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.mark.processes
@pytest.mark.side_by_side
def test_the_blocks_of_the_page_run_one_after_the_other(tmp_path, monkeypatch, capsys, nothing_left):
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    assert len(blocks) == 7
    names: dict = {"__name__": "__main__"}
    for block in blocks:
        above = text[: block.start(1)].count("\n")
        exec(compile("\n" * above + block[1], str(PAGE), "exec"), names)
    shown = capsys.readouterr().out
    assert "<Run first try (" in shown and "finished" in shown and "mean return of 10 episodes: -" in shown
    assert re.search(r"one more reward: TD error \S+ -> \S+, gate \S+ -> \S+", shown)
