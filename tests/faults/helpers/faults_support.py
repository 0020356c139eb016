"""Where things are, and random choices that come from one printed seed."""

from __future__ import annotations

import os
import random
from pathlib import Path

ROOT = Path(__file__).parents[3]
HELPERS = Path(__file__).parent
SEED = int(os.environ.get("GWT_IB_FAULT_SEED", "20261126"))
"""The seed of every random choice of the fault tests; pytest's header says it."""


def chance(name: str) -> random.Random:
    """A generator of its own for each test, from the one seed."""
    return random.Random(f"{SEED}:{name}")


FIGURES: dict[str, str] = {}
"""What was measured in passing, printed at the end of the tests."""


def measured(name: str, value: str) -> None:
    """Keep a figure."""
    FIGURES[name] = value
