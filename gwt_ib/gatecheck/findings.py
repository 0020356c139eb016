"""What GateCheck says of a run: a verdict, its findings and their evidence; written to gatecheck.json and read back.

Reading never fails: a value of the wrong type counts as absent, and an unknown status is kept as a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gwt_ib.lenient import mapping, mappings, real, scalars, text

GATE_VERDICTS = {
    "works": "replacing the gate costs return",
    "decoration": "replacing the gate changes nothing that matters",
    "harmful": "a replacement is better than the gate",
    "open": "the gate is open at every step",
    "shut": "the gate is shut at every step",
    "constant": "the gate is the same at every step",
    "wait": "too little is known of the gate",
}
"""The verdicts on a gate, and what each says."""


REQUIREMENTS = {"training": ("training",), "gate": ("gate",), "both": ("training", "gate")}
"""What a run can be required to end with: training that passes, a gate that works, or both."""

NOT_ASKED = "not asked"
"""Stands for the threshold of a rule that makes no sense of a run's kind of gate: it passes without a number."""

_NAMES = {"td_std": "td_std off its limits", "eval_improves": "evaluations improve"}


def rule_name(kind: str) -> str:
    """A rule's name in words, by what is good, so that it reads right after PASS: `critic explains returns`."""
    return _NAMES.get(kind) or kind.replace("_", " ")


@dataclass(frozen=True)
class Evidence:
    """A number that a finding rests on: which metric, its value, and after how many environment steps."""

    metric: str
    value: float | None
    step: int | None

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Evidence:
        """Read what `Finding.as_dict` made."""
        return cls(**scalars(cls.__annotations__, record))


@dataclass(frozen=True)
class Finding:
    """What one rule says: its status, what it saw (`summary`), and what to do about it (`next_step`).

    The last piece of evidence is the number that is compared with `threshold`; `limits` are its two ends.
    `since` is the update since which the rule has had this status without a break; none before the first update, and
    until `judge.with_since` has filled it in.
    """

    kind: str
    status: str
    summary: str = ""
    next_step: str = ""
    evidence: tuple[Evidence, ...] = ()
    threshold: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    since: int | None = None
    decides: bool = False

    @property
    def metric(self) -> str:
        """What `value` is a value of."""
        return self.evidence[-1].metric if self.evidence else ""

    @property
    def value(self) -> float | None:
        """The number that is compared with the threshold; none where it is not known yet."""
        return self.evidence[-1].value if self.evidence else None

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Finding:
        """Read what `as_dict` made."""
        limits = record.get("limits")
        low, high = limits if isinstance(limits, list) and len(limits) == 2 else (None, None)
        others = {
            "status": text(record.get("status")).lower(),
            "evidence": tuple(map(Evidence.from_dict, mappings(record.get("evidence")))),
            "limits": (real(low), real(high)),
            "since": _integer(record.get("since")),
        }
        return cls(**scalars(cls.__annotations__, record) | others)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return vars(self) | {
            "evidence": [dict(vars(evidence)) for evidence in self.evidence],
            "limits": None if self.limits == (None, None) else list(self.limits),
        }


@dataclass(frozen=True)
class Effect:
    """What the learned gate is worth against one replacement: mean difference of returns and its 95 % interval.

    The difference is learned less replaced, over `episodes` pairs of the same seed; `step` is the newest snapshot's.
    """

    gate: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    episodes: int | None = None
    step: int | None = None

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Effect:
        """Read what `GateVerdict.as_dict` made."""
        return cls(**{"gate": ""} | scalars(cls.__annotations__, record))


@dataclass(frozen=True)
class GateVerdict:
    """Whether the gate does its work: one of `GATE_VERDICTS`, a sentence, what to do about it, and the evidence."""

    status: str = "wait"
    summary: str = ""
    next_step: str = ""
    effects: tuple[Effect, ...] = ()
    since: int | None = None

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> GateVerdict:
        """Read what `as_dict` made; *wait* where it holds no verdict."""
        others = {
            "status": text(record.get("verdict")).lower() or "wait",
            "effects": tuple(map(Effect.from_dict, mappings(record.get("effects")))),
            "since": _integer(record.get("since")),
        }
        return cls(**scalars(cls.__annotations__, record) | others)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: the part `gate` of `gatecheck.json`."""
        record = vars(self) | {"effects": [dict(vars(effect)) for effect in self.effects]}
        return {"verdict": record.pop("status"), **record}


@dataclass(frozen=True)
class Verdict:
    """The verdict on training (`status`) and on the `gate`, its findings, and the numbers of the printed block.

    `since` is as a finding's.
    """

    status: str
    update: int | None = None
    env_steps: int | None = None
    findings: tuple[Finding, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict, hash=False)
    since: int | None = None
    gate: GateVerdict = GateVerdict()

    def unmet(self, required: str) -> list[str]:
        """What keeps a run from what is `required`, a key of `REQUIREMENTS`: `gate WAIT`. Empty where nothing does."""
        statuses = {"training": (self.status, "pass"), "gate": (self.gate.status, "works")}
        wanted = [statuses[name] + (name,) for name in REQUIREMENTS[required]]
        return [f"{name} {status.upper()}" for status, good, name in wanted if status != good]

    @property
    def deciding(self) -> tuple[Finding, ...]:
        """The findings that decide the verdict."""
        return tuple(finding for finding in self.findings if finding.decides)

    @property
    def advice(self) -> tuple[Finding, ...]:
        """The findings that only warn."""
        return tuple(finding for finding in self.findings if not finding.decides)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Verdict | None:
        """Read a gatecheck.json; none where it holds no verdict."""
        status = text(record.get("verdict")).lower()
        if not status:
            return None
        return cls(
            status=status,
            update=_integer(record.get("update")),
            env_steps=_integer(record.get("env_steps")),
            findings=tuple(map(Finding.from_dict, mappings(record.get("findings")))),
            numbers=mapping(record.get("numbers")),
            since=_integer(record.get("since")),
            gate=GateVerdict.from_dict(mapping(record.get("gate"))),
        )

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: what `gatecheck.json` holds."""
        findings = [item.as_dict() for item in self.findings]
        record = vars(self) | {"numbers": dict(self.numbers), "findings": findings, "gate": self.gate.as_dict()}
        return {"verdict": record.pop("status"), **record}


def _integer(value: object) -> int | None:
    """A count of updates or steps; a fraction is no such count."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
