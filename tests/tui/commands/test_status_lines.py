"""What `status` prints: a name and a value a line, in one format, for a run in any state."""

import re

import pytest
from recorded_run import RecordedRun
from typer.testing import CliRunner

from gwt_ib_tui.cli import app

LINE = re.compile(
    r"(run|path|state|update|env steps|speed|ep100|eval return|td_std|mean_c|EV|bias|training|gate|message|next step)"
    r" {2,}(\S.*)"
)


def told(recorded):
    result = CliRunner().invoke(app, ["status", str(recorded.directory.path)])
    assert result.exit_code == 0
    found = [LINE.fullmatch(line) for line in result.stdout.splitlines()]
    assert all(found) and "None" not in result.stdout
    assert len({line.start(2) for line in found}) == 1
    return {line[1]: line[2] for line in found}


def test_a_run_that_has_not_learnt_yet_has_the_same_lines_as_one_that_has(tmp_path):
    recorded = RecordedRun(tmp_path / "run", total_timesteps=40_960)
    before = told(recorded)
    assert before["update"] == "– of 10" and before["ep100"] == "–" and before["training"] == "WAIT"
    recorded.learn(3)
    after = told(recorded)
    assert list(after) == list(before)
    assert after["update"] == "3 of 10" and after["env steps"] == "12,288 of 40,960"


@pytest.mark.parametrize("damaged", [False, True])
def test_a_run_that_failed_says_why_and_what_to_do_whatever_its_settings_are(damaged, tmp_path):
    recorded = RecordedRun(tmp_path / "run")
    recorded.learn(1)
    recorded.state = "failed"
    recorded.beat(message="The learner failed twice.", exit_code=70)
    if damaged:
        recorded.directory.config.write_text("{")
    found = told(recorded)
    assert found["message"] == "The learner failed twice." and found["next step"]
    assert found["update"] == ("1 of –" if damaged else "1 of 122")
