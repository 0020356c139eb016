"""A failed episode played again, alone: whether the same call of the environment fails in the same way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gwt_ib.config import Config
from gwt_ib.envs.check import Stage, no_stage
from gwt_ib.envs.instance import Instance
from gwt_ib.envs.refusal import is_ctrl_c


@dataclass(frozen=True)
class Replayed:
    """What came of it."""

    steps: int
    """Steps that went well."""
    failure: BaseException | None = None
    failed_step: int | None = None
    """The number of the step that failed; 0 for the constructor or the reset, None where nothing failed."""
    ended: bool = False
    """The episode ended before all actions were taken."""


def play_again(config: Config, seed: int, rows: Sequence[Sequence[float | None]], stage: Stage = no_stage) -> Replayed:
    """Make the environment, reset it with `seed`, and take a step for each row; a row's None is a not-a-number."""
    steps, step, instance = 0, 0, None
    try:
        stage("its constructor")
        instance = Instance(config, None)
        row = np.zeros(instance.form.encoder.size, np.float32)
        stage("reset")
        instance.reset(seed, row)
        for step, numbers in enumerate(rows, start=1):
            stage(f"step {step}")
            action = instance.form.actions.to_env([math.nan if number is None else number for number in numbers])
            _, over, cut = instance.step(action, row)
            steps = step
            if over or cut:
                return Replayed(steps, ended=steps < len(rows))
    except BaseException as error:  # whatever an environment raises
        if is_ctrl_c(error):
            raise
        return Replayed(steps, error, step)
    finally:
        if instance is not None:
            stage("close")
            instance.close()
    return Replayed(steps)
