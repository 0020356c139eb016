"""A run that was trained on another machine: what can be done with it here, and what is refused in a sentence."""

import json

import pytest
import torch
from support import SMALL, assignments

pytestmark = [pytest.mark.processes, pytest.mark.side_by_side, pytest.mark.usefixtures("nothing_left")]


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_a_run_of_a_gpu_is_evaluated_without_one_and_not_resumed(command, tmp_path):
    run = tmp_path / "run"
    settings = assignments(**{**SMALL, "channel": "serial"})
    assert command("launch", "--headless", "--run-dir", run, *settings).returncode == 0
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**config, "device": "cuda"}))
    assert "--override" in command("resume", run, "--headless").stderr
    refused = command("resume", run, "--headless", "--override", "--total-timesteps", str(8 * 4 * 64))
    assert refused.returncode == 78
    assert "torch finds no such device here" in refused.stderr and "Traceback" not in refused.stderr
    evaluated = command("evaluate", run, "--json")
    assert evaluated.returncode == 0, evaluated.stderr
    assert len(json.loads(evaluated.stdout)["eval_returns"]) == SMALL["eval_episodes"]
