"""What GateCheck reports: findings, the evidence they rest on, and the verdict that they make together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

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
    """What one rule has to say: what it saw (`summary`), and what to do about it (`next_step`)."""

    kind: str
    status: Status
    summary: str
    evidence: tuple[Evidence, ...] = ()
    next_step: str = ""

    @classmethod
    def unknown(cls, kind: str, metric: str) -> Finding:
        """The finding of a rule whose metric has no finite value yet."""
        return cls(kind, "wait", f"{metric} is not known yet.", (), f"Wait for an update with a finite {metric}.")

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "kind": self.kind,
            "status": self.status,
            "summary": self.summary,
            "evidence": [evidence.as_dict() for evidence in self.evidence],
            "next_step": self.next_step,
        }


@dataclass(frozen=True)
class Verdict:
    """The verdict, the findings that decide it, those that only warn, and the numbers of the printed block."""

    status: Decision
    deciding: tuple[Finding, ...]
    advice: tuple[Finding, ...]
    update: int | None
    env_steps: int | None
    numbers: dict[str, Any]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings; those that decide come first."""
        return self.deciding + self.advice

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: what `gatecheck.json` holds."""
        return {
            "verdict": self.status,
            "update": self.update,
            "env_steps": self.env_steps,
            "numbers": dict(self.numbers),
            "findings": [finding.as_dict() for finding in self.findings],
        }
