"""Since which update a verdict and each rule have had their status: carried from one verdict to the next; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gwt_ib.gatecheck.findings import Finding, Verdict


def with_since(verdict: Verdict, previous: Mapping[str, Any]) -> Verdict:
    """The verdict with every `since` filled in from the one before it, in its JSON form; empty where there was none.

    A status that is the same goes on; any other, or one of which `previous` does not say since when, begins with this
    verdict's update. `previous` may be damaged or of another version. It is no help where updates lie between the two
    verdicts, as the status may have changed meanwhile. It may also be the *later* of the two, as after a run was cut
    back to a snapshot: what was so since update 20 and at update 80 was so at update 50; what began at 60 tells nothing.
    """
    update = verdict.update
    before = _whole(previous.get("update"))
    if update is None or before is None or before < update - 1:
        previous = {}
    recorded = previous.get("findings")
    findings = {
        entry["kind"]: entry
        for entry in (recorded if isinstance(recorded, list) else [])
        if isinstance(entry, dict) and isinstance(entry.get("kind"), str)
    }

    def carried(finding: Finding) -> Finding:
        entry = findings.get(finding.kind, {})
        return replace(finding, since=_since(update, finding.status, entry.get("status"), entry.get("since")))

    return replace(
        verdict,
        since=_since(update, verdict.status, previous.get("verdict"), previous.get("since")),
        deciding=tuple(map(carried, verdict.deciding)),
        advice=tuple(map(carried, verdict.advice)),
    )


def _since(update: int | None, status: str, status_before: object, since_before: object) -> int | None:
    since = _whole(since_before)
    if update is None or since is None or status_before != status or not 0 < since <= update:
        return update
    return since


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
