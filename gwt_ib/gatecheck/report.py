"""GateCheck and the metrics as text: a line for each update, the closing block of a run, and the findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.lenient import real, whole


def gatecheck_block(verdict: Verdict) -> str:
    """The GATECHECK block: four lines, without a newline at the end; a number that is not known is `nan`."""
    n = verdict.numbers
    return "\n".join(
        (
            "GATECHECK",
            f"rho(td,c)={_fixed(n, 'rho_td_c', '.3f')}  rho_tail={_fixed(n, 'rho_tail', '.3f')} | "
            f"rho(td,Δc)={_fixed(n, 'rho_td_dc', '.3f')} rho_tailΔ={_fixed(n, 'rho_tail_dc', '.3f')}",
            f"td_std={_fixed(n, 'td_std', '.6f')} (std_ok={n.get('std_ok')}) | "
            f"eval_ok={n.get('eval_ok')} -> {verdict.status.upper()}",
            f"mean_c={_fixed(n, 'mean_c', '.4f')}  EV={_fixed(n, 'explained_variance', '.4f')}  "
            f"ep100={_fixed(n, 'ep100', '.2f')}",
        )
    )


def rules_lines(verdict: Verdict) -> list[str]:
    """The verdict and every rule: its status, its number, what that is compared with, and since when; aligned."""
    since = "" if verdict.since is None else f" since update {verdict.since}"
    rows = [("rule", "status", "number", "threshold", "since update")]
    rows += [
        (
            finding.kind + (" *" if finding.decides else ""),
            finding.status.upper(),
            "nan" if finding.value is None else f"{finding.value:.4g}",
            finding.threshold,
            "" if finding.since is None else str(finding.since),
        )
        for finding in verdict.findings
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [f"{verdict.status.upper()}{since}; the rules marked * decide.", *lines]


def findings_lines(verdict: Verdict) -> list[str]:
    """What keeps the verdict from *pass*, then the warnings; one line each: `WARN bias_inside_clamps: ... Next: ...`.

    A rule that only warns and still waits has no line: it asks for nothing, and early on there is a page of them.
    """
    unpassed = [finding for finding in verdict.deciding if finding.status != "pass"]
    warnings = [finding for finding in verdict.advice if finding.status == "warn"]
    return [
        f"{finding.status.upper()} {finding.kind}: {finding.summary}"
        + (f" Next: {finding.next_step}" if finding.next_step else "")
        for finding in unpassed + warnings
    ]


def update_line(row: dict[str, Any], num_updates: int) -> str:
    """The line of one update; the part about the evaluation is there only where one ran."""
    update = whole(row.get("update"))
    line = (
        f"upd {'nan' if update is None else update:>{max(4, len(str(num_updates)))}}/{num_updates} | "
        f"td_mean {_fixed(row, 'td_mean', '+.3f')} td_std {_fixed(row, 'td_std', '.4f')} | "
        f"mean_c {_fixed(row, 'mean_c', '.3f')} (tgt {_fixed(row, 'target_c', 'g')}) | "
        f"EV {_fixed(row, 'explained_variance', '.3f')} | ep100 {_fixed(row, 'ep100', '.3f')} | "
        f"bias {_fixed(row, 'bias', '.3f')} | {_fixed(row, 'steps_per_s', ',.0f')} steps/s"
    )
    if real(row.get("eval_return")) is not None:
        line += f" | eval {_fixed(row, 'eval_return', '.2f')}"
    return line


def _fixed(row: Mapping[str, Any], name: str, layout: str) -> str:
    value = real(row.get(name))
    return "nan" if value is None else format(value, layout)
