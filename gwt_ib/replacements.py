"""By what a learned gate can be replaced while a snapshot is played, to see whether it is a cause of the returns."""

from __future__ import annotations

LEARNED = "learned"
"""The agent's own gate: what every replacement is compared with."""

REPLACEMENTS = {
    "open": "c = 1 at every step",
    "shut": "c = 0 at every step",
    "constant": "c is the learned gate's mean at every step",
    "shuffled": "c is the gate of another time of the same rollout",
    "prior": "the prior alone, without the router",
    "no-td": "td_prev = 0 at every step",
}
"""Each word of `evaluate --gate` besides `learned`, and what the gate is then."""

DECISIVE = ("open", "constant", "shuffled")
"""Gates that do not gate: what a gate that works is better than."""

_STEADY = {
    "constant": "its mean is what it is already",
    "shuffled": "the gate of another time is the same",
    "prior": "it has no router",
    "no-td": "it does not look at TD errors",
}
_WITHOUT_SENSE: dict[str, dict[str, str]] = {
    "router": {"prior": "it has no prior", "no-td": "it does not look at TD errors"},
    "prior": {"prior": "it has no router, so its prior is its gate"},
    "open": {"open": "it is open already", **_STEADY},
    "constant": _STEADY,
}


def problem(word: str, gate: str) -> str:
    """Why a replacement makes no sense for an agent with this kind of `gate`; empty where it does."""
    return _WITHOUT_SENSE.get(gate, {}).get(word, "")


def sensible(gate: str) -> tuple[str, ...]:
    """The replacements that make another agent of one with this kind of gate."""
    return tuple(word for word in REPLACEMENTS if not problem(word, gate))
