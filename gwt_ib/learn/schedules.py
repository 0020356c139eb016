"""How settings change over a run's updates, which are counted from 1 (docs/model.md, "Loss" and "Options")."""

from __future__ import annotations


def falling(value: float, final_fraction: float, update: int, updates: int) -> float:
    """`value` in the first of `updates`, that fraction of it in the last; linear in between."""
    progress = min(1.0, (update - 1) / (updates - 1)) if updates > 1 else 0.0
    return value * (1.0 + (final_fraction - 1.0) * progress)


def lambda_c_at(update: int, lambda_c: float, warmup_updates: int) -> float:
    """Weight of the bottleneck loss in update `update`: rises linearly, full after `warmup_updates`."""
    return lambda_c * min(1.0, update / warmup_updates) if warmup_updates else lambda_c
