"""GateCheck and the metrics as text: a line for each update, the closing block of a run, and the findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwt_ib.gatecheck.findings import NOT_ASKED, Effect, Finding, GateVerdict, Verdict
from gwt_ib.lenient import real, whole


def gatecheck_block(verdict: Verdict) -> str:
    """The GATECHECK block and the verdict on the gate: five lines, without a newline at the end.

    The first four are the seed's, to the byte; a number that is not known is `nan`.
    """
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
            gate_line(verdict.gate),
        )
    )


def gate_line(gate: GateVerdict) -> str:
    """The verdict on the gate with what it is worth against each replacement: `gate -> WORKS | open +0.5 (+0.4 to +0.6)`."""
    return " | ".join([f"gate -> {gate.status.upper()}", *map(_worth, gate.effects)])


def _worth(effect: Effect) -> str:
    """As in `open +0.5 (+0.4 to +0.6)`: learned less replaced, and its 95 % interval."""
    difference, low, high = (
        "nan" if value is None else f"{value:+.3g}" for value in (effect.difference, effect.low, effect.high)
    )
    return f"{effect.gate} {difference} ({low} to {high})"


def rules_lines(verdict: Verdict) -> list[str]:
    """The verdict on training, every rule, and the verdict on the gate.

    Of a rule its status, its number, what that is compared with, and since when; aligned.
    """
    since = "" if verdict.since is None else f" since update {verdict.since}"
    rows = [("rule", "status", "number", "threshold", "since update")]
    rows += [
        (
            finding.kind + (" *" if finding.decides else ""),
            finding.status.upper(),
            _number(finding),
            finding.threshold,
            "" if finding.since is None else str(finding.since),
        )
        for finding in verdict.findings
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    since_gate = "" if verdict.gate.since is None else f" since update {verdict.gate.since}"
    gate = f"gate: {verdict.gate.status.upper()}{since_gate}. {verdict.gate.summary}".rstrip()
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [f"training: {verdict.status.upper()}{since}; the rules marked * decide.", *lines, gate]


def _number(finding: Finding) -> str:
    if finding.value is None:
        return "" if finding.threshold == NOT_ASKED else "nan"
    return f"{finding.value:.4g}"


def findings_lines(verdict: Verdict) -> list[str]:
    """What keeps training from *pass*, then the gate where it does not work, then the warnings; a line each.

    Such as `WARN bias_inside_clamps: ... Next: ...`.

    What still waits and decides nothing has no line: it asks for nothing, and early on there is a page of that.
    """
    unpassed = [finding for finding in verdict.deciding if finding.status != "pass"]
    warnings = [finding for finding in verdict.advice if finding.status == "warn"]
    gate = verdict.gate
    of_gate = [] if gate.status in ("wait", "works") else [_line(gate.status, "gate", gate.summary, gate.next_step)]
    unpassed_lines, warning_lines = (
        [_line(finding.status, finding.kind, finding.summary, finding.next_step) for finding in findings]
        for findings in (unpassed, warnings)
    )
    return [*unpassed_lines, *of_gate, *warning_lines]


def _line(status: str, name: str, summary: str, next_step: str) -> str:
    return f"{status.upper()} {name}: {summary}" + (f" Next: {next_step}" if next_step else "")


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
