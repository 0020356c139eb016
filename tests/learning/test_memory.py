"""A task that needs memory is learnt, and the same agent without memory cannot learn it."""

import json

import pytest
from support import assignments

pytestmark = [
    pytest.mark.learning, pytest.mark.processes, pytest.mark.side_by_side, pytest.mark.usefixtures("nothing_left"),
]  # fmt: skip


def last_ep100(command, **changes):
    settings = {"total_timesteps": 160_000, "eval_every": 0, **changes}
    result = command("launch", "--json", "--preset", "memory", *assignments(**settings), timeout=200)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])["ep100"]


def test_the_card_of_four_steps_ago_is_recalled_with_memory_only(command):
    assert last_ep100(command) > 0.2
    assert last_ep100(command, memory=False) < -0.3
