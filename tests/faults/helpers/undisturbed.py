"""What a toy run comes to that nobody disturbs: the tests of disturbed ones compare with it."""

from __future__ import annotations

from chaos import STEPS

UPDATES = 300
SETTINGS = {"total_timesteps": UPDATES * STEPS, "lr": 1e-3}
