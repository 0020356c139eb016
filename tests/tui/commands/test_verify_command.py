"""`gwt-ib-tui verify RUN`: lines for people, JSON for programs, an exit code."""

import json
import shutil

from snapshots import made_up_run

from gwt_ib.runs.verify import verify
from gwt_ib_tui.commands.verify import lines


def test_a_run_is_looked_through_in_words_and_as_json(command, tmp_path):
    run = made_up_run(tmp_path / "run", updates=(1, 2))
    said = command("verify", "run")
    assert said.returncode == 0 and said.stderr == ""
    assert "metrics.jsonl    good 2 rows, the last of update 2\n" in said.stdout
    assert said.stdout.splitlines()[-1].endswith(
        "after a failure it would go on from update 2 with run/snapshots/000000000512."
    )
    as_json = command("verify", "run", "--json")
    assert json.loads(as_json.stdout)["snapshots"][1]["update"] == 2
    shutil.rmtree(run.snapshots)
    assert command("verify", "run").returncode == command("verify", "run", "--json").returncode == 65
    assert command("verify", "nowhere").returncode == 2


def test_nothing_that_a_file_says_reaches_the_terminal_as_it_is(tmp_path):
    run = made_up_run(tmp_path / "run", updates=(1,))
    run.run.write_text(json.dumps({"state": "failed", "message": "\x1b[2J\u202egone\n"}))
    path = run.snapshots / "000000000256"
    (path / "manifest.json").write_text(json.dumps({"format": "\x1b]0;x\x07"}))
    said = lines(verify(run))
    assert all(line.isprintable() for line in said)
    assert any(line.startswith("run.json         good failed: [2Jgone") for line in said)
    assert any("BAD  format " in line for line in said)
