"""The command line as a user meets it: instant help, one sentence for every mistake, and what is printed where."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from support import PATIENCE_S, SMALL, assignments, used_by_children, wait_until

pytestmark = pytest.mark.usefixtures("nothing_left")

MISTAKES = {
    "unknown environment": (["popgym-CountRecalEasy-v0"], 78, "popgym-CountRecallEasy-v0"),
    "no version": (["popgym-CountRecallEasy"], 78, "popgym-CountRecallEasy-v0"),
    "unknown module": (["nowhere:Env-v0"], 78, "nowhere"),
    "unknown field": (["--set", "learning_rate=1"], 78, "'learning_rate'"),
    "misspelt field": (["--set", "gama=0.9"], 78, "gamma"),
    "wrong type": (["--set", "lr=fast"], 78, "lr = 'fast'"),
    "out of range": (["--set", "gamma=1.5"], 78, "less than or equal to 1"),
    "no value": (["--set", "lr"], 78, "FIELD=VALUE"),
    "seq_len": (["--set", "seq_len=60"], 78, "seq_len = 60 does not divide rollout_steps = 256"),
    "num_actors": (["--set", "num_actors=3"], 78, "num_actors = 3 does not divide num_envs = 16"),
    "minibatches": (["--set", "minibatches=5"], 78, "minibatches = 5 does not divide the 64 sequences"),
    "too short": (["--total-timesteps", "100"], 78, "less than one rollout"),
    "negative seed": (["--seed", "-1"], 78, "seed = -1"),
    "preset": (["--preset", "smok"], 78, "smoke"),
    "no such file": (["--config", "absent.toml"], 78, "absent.toml"),
    "broken TOML": (["--config", "broken.toml"], 78, "line 2"),
    "wrong TOML": (["--config", "wrong.toml"], 78, "wrong.toml, line 3"),
    "occupied directory": (["--run-dir", "occupied"], 73, "occupied is not empty"),
    "file as directory": (["--run-dir", "broken.toml/run"], 73, "broken.toml/run"),
    "unknown option": (["--hedless"], 2, "--headless"),
    "seed of letters": (["--seed", "x"], 2, "'--seed': Input should be a valid integer"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gets_a_sentence_at_once_and_leaves_nothing(name, command, tmp_path):
    arguments, code, expected = MISTAKES[name]
    (tmp_path / "broken.toml").write_text("lr = 1e-3\nseed = = 2\n")
    (tmp_path / "wrong.toml").write_text("# settings\n\ngama = 0.9\n")
    (tmp_path / "occupied").mkdir()
    (tmp_path / "occupied" / "notes").write_text("mine")
    before = sorted(path for path in tmp_path.rglob("*"))
    used = used_by_children()
    result = command("launch", "--headless", *arguments)
    assert used_by_children() - used < 5
    assert result.returncode == code, result.stderr
    assert expected in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    if code != 2:
        assert len(result.stderr.strip().splitlines()) == 1
    assert sorted(path for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments", [["resume", "absent"], ["status", "absent"], ["attach", "absent"], ["check", "."]]
)
def test_a_run_that_does_not_exist_is_said(command, arguments):
    result = command(*arguments)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1


def test_help_is_instant_and_imports_neither_torch_nor_textual():
    code = (
        "import sys\n"
        "from gwt_ib_tui.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "assert not {'torch', 'textual', 'gymnasium', 'popgym', 'numpy'} & set(sys.modules), 'heavy imports'\n"
    )
    times = []
    for _ in range(5):
        used = used_by_children()
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S)
        times.append(used_by_children() - used)
        assert result.returncode == 0, result.stderr
        assert "launch" in result.stdout
    assert min(times) < 0.4, times  # 0.1 on a machine at rest


def test_a_headless_run_imports_neither_torch_in_the_trainer_nor_textual_anywhere(tmp_path):
    code = (
        "import sys\n"
        "from gwt_ib_tui.cli import app\n"
        f"try:\n    app(['launch', '--headless', '--preset', 'smoke', '--run-dir', {str(tmp_path / 'run')!r}])\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "assert not {'torch', 'textual'} & set(sys.modules), 'heavy imports'\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr


def test_without_a_terminal_a_run_is_headless_and_says_so(command):
    result = command("launch", "--preset", "smoke")
    assert result.returncode == 0, result.stderr
    assert "Running headless: stdin is no terminal." in result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("upd    1/8 | td_mean ")
    assert lines[7].split(" | ")[-1].startswith("eval ")
    assert [line.split("=")[0] for line in lines[-5:]] == ["GATECHECK", "rho(td,c)", "td_std", "mean_c", "gate -> WAIT"]
    assert "\x1b" not in result.stdout + result.stderr
    assert command("launch", "--preset", "smoke", CI="true").stderr.startswith("Running headless: CI is set.")


def test_json_goes_to_stdout_and_everything_else_to_stderr(command):
    result = command("launch", "--json", "--preset", "smoke")
    assert [json.loads(line)["update"] for line in result.stdout.splitlines()] == list(range(1, 9))
    assert "GATECHECK" in result.stderr


def test_a_gatecheck_that_is_required_decides_the_exit_code(command):
    result = command("launch", "--headless", "--require-gatecheck", *assignments(**{**SMALL, "eval_every": 0}))
    assert result.returncode == 3
    assert "-> WAIT" in result.stdout
    assert command("check", "latest", "--require-gatecheck").returncode == 3
    assert json.loads(command("check", "latest", "--json").stdout)["verdict"] == "wait"
    shown = command("check", "latest").stdout
    assert shown.startswith(result.stdout[result.stdout.index("GATECHECK") :]), "the block is the same, byte for byte"
    assert "training: WAIT since update 1; the rules marked * decide." in shown and "p <= 0.01" in shown
    assert "\ngate: WAIT since update 1. No evaluation with the gate open" in shown
    assert command("check", "latest", "--require-gatecheck", "gate").returncode == 3


def test_a_reader_that_goes_away_ends_the_run(command, start, tmp_path):
    process = start("launch", "--headless", "--run-dir", "run", *assignments(**{**SMALL, "total_timesteps": 10**9}))
    assert process.stdout.readline().startswith("upd ")
    process.stdout.close()
    assert process.wait(20) == 143
    assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] == "stopped"


def test_a_terminal_that_closes_ends_a_headless_run_with_a_snapshot(tmp_path):
    settings = {**SMALL, "total_timesteps": 10**9, "eval_every": 0}
    command = [sys.executable, "-m", "gwt_ib_tui", "launch", "--headless", "--run-dir", "run", *assignments(**settings)]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execv(sys.executable, command)
    seen = b""
    while b"upd " not in seen:
        seen += os.read(terminal, 4096)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) in (129, 143)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["state"] == "stopped"
    assert max(int(path.name) for path in (tmp_path / "run" / "snapshots").iterdir()) > 0, (
        "beside the first, a last one"
    )


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "| head -1", "2>&1 | head -1"])
def test_output_that_cannot_be_written_is_no_bug(tmp_path, redirection):
    settings = " ".join(assignments(**{**SMALL, "total_timesteps": 10**6, "eval_every": 0}))
    line = f"{sys.executable} -m gwt_ib_tui launch --headless --run-dir run {settings} {redirection}"
    if redirection.endswith("&-"):
        line = line.replace("1000000", "1024")
    result = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    wait_until(
        lambda: json.loads((tmp_path / "run" / "run.json").read_text())["exit_code"] is not None, 20, "it did not end"
    )
    assert "Traceback" not in result.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] in ("stopped", "finished")


def test_later_sources_of_settings_win(command, tmp_path):
    (tmp_path / "mine.toml").write_text("lr = 0.5\nepochs = 9\nseed = 1\n")
    result = command("config", "--config", "mine.toml", "--preset", "smoke", "--set", "seed=3", "--json")
    settings = json.loads(result.stdout)
    assert (settings["lr"], settings["epochs"], settings["seed"]) == (0.5, 2, 3)


def test_the_printed_configuration_is_a_file_that_is_taken(command, tmp_path):
    shown = command("config", "--preset", "popgym").stdout
    (tmp_path / "shown.toml").write_text(shown)
    again = json.loads(command("config", "--config", "shown.toml", "--json").stdout)
    assert again == json.loads(command("config", "--preset", "popgym", "--json").stdout)
    assert all(" # " in line for line in shown.splitlines()[2:])


def test_runs_lists_and_evaluates_what_was_trained(command):
    assert command("launch", "--headless", "--preset", "smoke").returncode == 0
    (row,) = json.loads(command("runs", "--json").stdout)
    assert (row["state"], row["progress"]) == ("finished", "4,096/4,096")
    assert row["run"][:20] in command("runs").stdout
    first = json.loads(command("evaluate", "latest", "--json").stdout)
    again = json.loads(command("evaluate", "latest", "--json").stdout)
    assert first == again and len(first["eval_returns"]) == 5
    assert "\nstate        finished\n" in command("status", "latest").stdout


def test_a_picture_that_cannot_be_is_said(command):
    assert command("launch", "--headless", *assignments(**{**SMALL, "eval_every": 0})).returncode == 0
    jpg = command("picture", "latest", "x.jpg")
    words = "gwt-ib-tui: A picture is written as SVG or PNG: give x.svg in place of x.jpg.\n"
    assert jpg.returncode == 2 and jpg.stderr == words
    png = command("picture", "latest", "x.svg", "--png", "--theme", "gwt-lihgt")
    assert png.returncode == 2 and "PNG with --png: give x.png" in png.stderr
    theme = command("picture", "latest", "x.svg", "--theme", "gwt-lihgt")
    assert theme.returncode == 2 and "There is no theme 'gwt-lihgt'. Did you mean gwt-light" in theme.stderr
    foo = command("picture", "latest", "x.svg", "--screen", "foo")
    assert foo.returncode == 2
    assert foo.stderr == "gwt-ib-tui: There is no screen 'foo', but live, gate, check, log, compare and settings.\n"


def test_the_tasks_are_listed(command):
    assert len(command("envs").stdout.splitlines()) == 48


def test_the_documentation_of_the_metrics_is_what_the_command_prints(command):
    documented = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()
    assert documented.endswith("\n\n" + command("metrics").stdout)


def test_the_documentation_of_the_dashboard_is_what_the_command_prints(command):
    documented = (Path(__file__).parents[3] / "docs" / "dashboard.md").read_text()
    assert documented.endswith("\n\n" + command("keys").stdout)
