"""What GateCheck reports: findings, the evidence they rest on, and the verdict that they make together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from gwt_ib.gatecheck.threshold import ANYTHING, Threshold

Decision = Literal["pass", "fail", "wait"]
Status = Literal["pass", "fail", "wait", "warn"]


@dataclass(frozen=True)
class Evidence:
    """A number that a finding rests on: which metric, its value, and after how many environment steps."""

    metric: str
    value: float | None
    step: int | None

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"metric": self.metric, "value": self.value, "step": self.step}


@dataclass(frozen=True)
class Finding:
    """What one rule has to say: what it saw (`summary`), and what to do about it (`next_step`).

    The last piece of evidence is the number that is held against `threshold`. `since` is the update since which the rule
    has had this status without a break; none before the first update, and until `since.with_since` has filled it in.
    """

    kind: str
    status: Status
    summary: str
    evidence: tuple[Evidence, ...] = ()
    next_step: str = ""
    threshold: Threshold = ANYTHING
    since: int | None = None

    @property
    def number(self) -> float | None:
        """The number that is held against the threshold; none where it is not known yet."""
        return self.evidence[-1].value if self.evidence else None

    @classmethod
    def unknown(cls, kind: str, metric: str, threshold: Threshold) -> Finding:
        """The finding of a rule whose metric has no finite value yet."""
        next_step = f"Wait for an update with a finite {metric}."
        return cls(kind, "wait", f"{metric} is not known yet.", (), next_step, threshold)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "kind": self.kind,
            "status": self.status,
            "summary": self.summary,
            "evidence": [evidence.as_dict() for evidence in self.evidence],
            "next_step": self.next_step,
            "threshold": str(self.threshold),
            "limits": self.threshold.limits,
            "since": self.since,
        }


@dataclass(frozen=True)
class Verdict:
    """The verdict, the findings that decide it, those that only warn, and the numbers of the printed block.

    `since` is as a finding's: the update since which the verdict has been this one.
    """

    status: Decision
    deciding: tuple[Finding, ...]
    advice: tuple[Finding, ...]
    update: int | None
    env_steps: int | None
    numbers: dict[str, Any]
    since: int | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings; those that decide come first."""
        return self.deciding + self.advice

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: what `gatecheck.json` holds."""
        return {
            "verdict": self.status,
            "since": self.since,
            "update": self.update,
            "env_steps": self.env_steps,
            "numbers": dict(self.numbers),
            "findings": [
                finding.as_dict() | {"decides": decides}
                for findings, decides in ((self.deciding, True), (self.advice, False))
                for finding in findings
            ],
        }
