"""No value that a live setting may have ends a run: at every corner of their limits everything stays finite."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from support import small_config
from training_here import training_here

from gwt_ib.config import Config, live_settings
from gwt_ib.runs.create import create_run
from gwt_ib.runs.jsonl import read_records
from gwt_ib.training.loop import Training

EACH = 12  # updates at each corner
ENVIRONMENTS = ("popgym-RepeatPreviousEasy-v0", "popgym-PositionOnlyPendulumEasy-v0")


def limits(field: str) -> tuple[float, float]:
    """The least and the largest value that a field may have."""
    bounds = {type(limit).__name__: limit for limit in Config.model_fields[field].metadata}
    return bounds["Ge"].ge, bounds["Le"].le


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_at_every_corner_of_the_live_settings_all_numbers_stay_finite(tmp_path, env_id):
    corners = [dict(zip(live_settings(), values, strict=True)) for values in product(*map(limits, live_settings()))]
    assert len(corners) == 16, "each is closed on both sides"
    corners.reverse()  # the largest first, so that the others begin with the weights that these leave
    total = EACH * len(corners)
    config = small_config(
        env_id=env_id, channel="serial", budget_warmup_updates=0, eval_every=0, rollout_steps=32, snapshot_minutes=0,
        total_timesteps=total * 4 * 32,
    )  # fmt: skip
    run = create_run(config, tmp_path / "run", [])
    events: list[dict[str, Any]] = []
    training, make_channel = training_here(run, config, events.append)

    def next_corner(training: Training) -> bool:
        if training.update % EACH == 0 and training.update < total:
            for field, value in corners[training.update // EACH].items():
                training.change_setting(field, value)
        return False

    next_corner(training)
    channel = make_channel()
    assert training.run(channel, next_corner)
    channel.close()
    training.recorder.close()
    assert len(read_records(run.metrics)) == total
    warnings = [event["message"] for event in events if event["kind"] == "warning"]
    assert not warnings, "no step is left out, and no metric is not finite"
    state = training.state()
    assert all(np.isfinite(tensor).all() for tensor in (*state.model.values(), *state.optimizer.values()))
