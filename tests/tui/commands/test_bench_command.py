"""The bench as a user meets it: a table, JSON, a sentence for every mistake, and nothing left behind."""

import json
import os
import re
import signal
import subprocess
import sys

import psutil
import pytest
from support import PATIENCE_S, SMALL, assignments, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.side_by_side, pytest.mark.usefixtures("nothing_left")]

SHORT = ["--updates", "4", "--warm-up", "1", *assignments(**{**SMALL, "num_actors": 2})]


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where a bench puts its run; named by every process of the run, in its command line."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def runs_in(folder):
    """What benches have left there; torch has a folder of its own beside it."""
    return [path.name for path in folder.iterdir() if not path.name.startswith("torchinductor")]


def processes_under(folder):
    """The command lines of living processes that name the folder."""
    lines = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(folder) in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            lines.append(line)
    return lines


def test_json_tells_where_all_of_the_time_and_memory_went(command, temporary, tmp_path):
    result = command("bench", "--json", *SHORT)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    found = json.loads(result.stdout)
    assert (found["env_id"], found["updates"], found["warm_up"]) == (SMALL["env_id"], 4, 1)
    assert found["settings"]["num_actors"] == 2
    assert found["machine"]["cores"] >= 1 and found["machine"]["torch"] and found["machine"]["cpu"]
    assert found["threads"].startswith("1 learner")
    speed, update = found["steps_per_s"], found["update_ms"]
    assert 0 < speed["low"] <= speed["median"] <= speed["high"]
    assert speed["high"] == pytest.approx(256 / (update["low"] / 1e3))
    rows = {(row["process"], row["section"]): row for row in found["sections"]}
    sections = [section for process, section in rows if process == "learner"]
    assert sections[:2] == ["wait", "batch"] and sections[-3:] == ["publish", "record", "evaluation"]
    assert {"unroll forward", "unroll backward", "optimiser", "statistics"} <= set(sections)
    assert [section for process, section in rows if process == "actors"] == [
        "environment",
        "inference",
        "write",
        "wait",
    ]
    learner = [row for row in found["sections"] if row["process"] == "learner"]
    assert sum(row["share"] for row in learner) == pytest.approx(1)
    assert rows["actors", "environment"]["median_ms"] > 0 and rows["actors", "inference"]["median_ms"] > 0
    assert rows["learner", "evaluation"]["mean_ms"] > 0, "two of the four updates ended with one"
    assert rows["learner", "wait"]["us_per_env_step"] == pytest.approx(rows["learner", "wait"]["mean_ms"] * 1e3 / 256)
    assert runs_in(temporary) == [] and list(tmp_path.iterdir()) == [temporary]


def test_json_holds_the_learner_against_the_products_by_sgemm(command):
    found = json.loads(command("bench", "--json", *SHORT).stdout)
    learner = found["learner"]
    assert learner["bound_samples_per_s"] == pytest.approx(
        learner["cores"] * learner["sgemm_gflop_per_s"] * 1e9 / learner["flop_per_sample"]
    )
    assert learner["of_bound"] == pytest.approx(learner["samples_per_s"] / learner["bound_samples_per_s"])
    assert all(product["gflop_per_s"] > 0 for product in learner["products"])
    memory = found["memory"]
    assert sorted(process["name"] for process in memory["processes"]) == [
        "actor",
        "actor",
        "evaluator",
        "guard",
        "learner",
        "trainer",
    ]
    assert memory["peak_bytes"] == sum(process["peak"] for process in memory["processes"])
    assert 50e6 < memory["bytes"] <= memory["peak_bytes"]


def test_the_table_has_a_row_for_each_section_also_in_one_process(command):
    result = command("bench", "--set", 'channel="serial"', *SHORT)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    beginnings = ("machine", "run", "threads", "speed", "learner", "sgemm", "memory")
    assert [line.split()[0] for line in lines[:7]] == list(beginnings)
    assert "4 updates of 256 env steps" in lines[1]
    assert "trainer" in lines[6] and "learner" in lines[6] and "actor" not in lines[6]
    cells = [line.split() for line in lines[9:]]
    assert ["learner", "all"] in [row[:2] for row in cells] and ["actors", "all"] in [row[:2] for row in cells]
    (total,) = [row for row in cells if row[:2] == ["learner", "all"]]
    assert total[4] == "100.0%"
    (environment,) = [row for row in cells if row[:2] == ["actors", "environment"]]
    assert float(environment[2]) > 0
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["popgym-CountRecalEasy-v0"], 78, "popgym-CountRecallEasy-v0"),
        (["--set", "gama=0.9"], 78, "gamma"),
        (["--preset", "smok"], 78, "smoke"),
        (["--config", "absent.toml"], 78, "absent.toml"),
        (["--updates", "0"], 2, "--updates"),
        (["--warm-up", "-1"], 2, "--warm-up"),
        (["--total-timesteps", "5"], 2, "--total-timesteps"),
    ],
)
def test_a_mistake_gets_a_sentence_and_starts_nothing(command, temporary, arguments, code, expected):
    result = command("bench", *arguments)
    assert result.returncode == code, result.stderr
    assert expected in result.stderr and "Traceback" not in result.stderr
    assert result.stdout == "" and runs_in(temporary) == []


def test_the_length_of_a_default_run_does_not_limit_what_can_be_measured(command):
    result = command("bench", "popgym-CountRecalEasy-v0", "--set", "num_envs=65536")
    assert "total_timesteps" not in result.stderr and "popgym-CountRecallEasy-v0" in result.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_and_leaves_no_process_and_no_file(start, temporary, number, code):
    process = start("bench", "--updates", "100000", *assignments(**{**SMALL, "num_actors": 2}))
    wait_until(lambda: len(processes_under(temporary)) == 3 or process.poll() is not None, 20, "nothing was started")
    wait_until(lambda: list(temporary.glob("*/run/metrics.jsonl")), 60, "no update was made")
    process.send_signal(number)
    assert process.wait(PATIENCE_S) == code
    said = process.stderr.read()
    assert said == f"gwt-ib-tui: Ended by {signal.Signals(number).name}: nothing was measured to the end.\n"
    assert processes_under(temporary) == [] and runs_in(temporary) == []


def test_an_actor_that_dies_ends_it_with_a_sentence(start, temporary):
    process = start("bench", "--updates", "100000", *assignments(**{**SMALL, "num_actors": 2}))
    wait_until(lambda: list(temporary.glob("*/run/metrics.jsonl")), 60, "no update was made")
    children = psutil.Process(process.pid).children()
    (actor,) = [child for child in children if "--actor 1 " in " ".join(child.cmdline())]
    os.kill(actor.pid, signal.SIGKILL)
    assert process.wait(PATIENCE_S) == 69
    said = process.stderr.read()
    assert re.fullmatch(
        r"gwt-ib-tui: Actor 1 was killed by SIGKILL \(its memory was \d+ MiB\)\. A bench does not replace it\.\n", said
    )
    assert processes_under(temporary) == [] and runs_in(temporary) == []


def test_the_command_imports_neither_torch_nor_textual(tmp_path):
    arguments = ["bench", "--json", "--updates", "1", "--warm-up", "0", *assignments(**SMALL)]
    code = (
        "import sys\n"
        "from gwt_ib_tui.cli import app\n"
        f"try:\n    app({arguments!r})\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "assert not {'torch', 'textual'} & set(sys.modules), 'heavy imports'\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
