"""`evaluate --gate` and `--steps`: words, tables, JSON, and the file that stays with the run."""

import json

import pytest
from support import SMALL, assignments

from gwt_ib.errors import UserError
from gwt_ib.gatecheck.gate_evaluation import read_gate_evaluation
from gwt_ib.replacements import REPLACEMENTS
from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.commands.evaluating import gate_words


def test_words_come_several_at_a_time_or_one_by_one_and_all_is_all_that_makes_sense():
    assert gate_words(["open,shuffled", " constant"], "td") == ("open", "constant", "shuffled")
    assert gate_words(["all"], "td") == tuple(REPLACEMENTS)
    assert gate_words(["all"], "open") == ("shut",)
    assert gate_words(["learned"], "td") == () == gate_words([], "td")


@pytest.mark.parametrize(
    ("given", "kind", "sentence"),
    [
        ("opn", "td", "There is no gate 'opn', but learned, .* and all. Did you mean open?"),
        ("open,", "td", "There is no gate '', but"),
        ("prior", "prior", "--gate prior says nothing of an agent with gate = prior: it has no router, so"),
        ("open", "open", "--gate open says nothing of an agent with gate = open: it is open already."),
        ("no-td", "router", "gate = router: it does not look at TD errors."),
    ],
)
def test_a_word_that_makes_no_sense_is_a_sentence(given, kind, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        gate_words([given], kind)
    assert caught.value.code == 2


@pytest.mark.processes
@pytest.mark.side_by_side
def test_the_effects_are_a_table_json_and_a_file_of_the_run(command, tmp_path):
    settings = assignments(**{**SMALL, "channel": "serial", "num_actors": 1, "eval_every": 0, "total_timesteps": 256})
    assert command("launch", "--headless", "--run-dir", "run", *settings).returncode == 0
    plain = json.loads(command("evaluate", "run", "--json").stdout)
    done = command("evaluate", "run", "--gate", "open,shuffled", "--gate", "constant", "--steps", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["returns"]["learned"] == plain["eval_returns"] and found["eval_return"] == plain["eval_return"]
    assert [each["gate"] for each in found["effects"]] == ["open", "constant", "shuffled"]
    assert all(each["episodes"] == 3 and each["step"] == 256 for each in found["effects"])
    assert found["steps"]["edges"][-1] == 51 and len(found["steps"]["shut"]) == 8
    kept = read_gate_evaluation(RunDirectory(tmp_path / "run"))
    assert kept is not None and {**kept.as_dict(), "snapshot": found["snapshot"]} == found
    words = command("evaluate", "run", "--gate", "prior", "--episodes", "4").stdout.splitlines()
    assert words[0].startswith("256 env steps: mean return ") and "over 4 episodes" in words[0]
    assert words[-1].split()[0] == "prior" and words[-1].split()[-1] == "4"
