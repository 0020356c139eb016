"""By what a learned gate can be replaced while a snapshot is played, to see whether it is a cause of the returns."""

from __future__ import annotations

LEARNED = "learned"
"""The agent's own gate: what every replacement is compared with."""

REPLACEMENTS = {
    "open": "c = 1 at every step",
    "shut": "c = 0 at every step",
    "constant": "c is the run's mean gate at every step",
    "shuffled": "c is the gate of another time of the same rollout",
    "prior": "the prior alone, without the router",
    "no-td": "td_prev = 0 at every step",
}
"""Each word of `evaluate --gate` besides `learned`, and what the gate is then."""
