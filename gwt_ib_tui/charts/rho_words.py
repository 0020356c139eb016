"""What the four correlations of the gate mean together, as one sentence; pure."""

from __future__ import annotations

FLAT = 0.1  # a correlation nearer to 0 is none
LOOSE, CLOSE = 0.4, 0.7


def rho_sentence(
    rho_td_c: float | None, rho_tail: float | None, rho_td_dc: float | None, rho_tail_dc: float | None
) -> str:
    """Say whether c follows |td_norm|, what the router adds to the prior, and what holds for large surprise.

    The numbers are those of the metrics of the same names; none where a metric is null.
    """
    if rho_td_c is None:
        return "It cannot be said yet whether c follows |td_norm|: one of them hardly varies."
    return f"{_whole(rho_td_c, rho_td_dc)}{_tail(rho_td_c, rho_tail, rho_tail_dc)}."


def _whole(rho_c: float, rho_dc: float | None) -> str:
    router = _sign(rho_dc)
    said = "" if rho_dc is None else f" ({rho_dc:.2f})"
    if _sign(rho_c) > 0:
        how = "closely " if rho_c >= CLOSE else "loosely " if rho_c < LOOSE else ""
        why = {
            1: f"through its prior and, beyond it, its router{said}",
            0: "through its prior alone" + (f": the router does not care{said}" if said else ""),
            -1: f"through its prior; the router works against it{said}",
        }[router]
        return f"c follows |td_norm| {how}({rho_c:.2f}) {why}"
    if _sign(rho_c) < 0:
        why = f": the router overrules the prior{said}" if router < 0 else ", against its prior"
        return f"c closes where |td_norm| is large ({rho_c:.2f}){why}"
    besides = {
        1: f", though the router leans towards it{said}",
        0: "",
        -1: f": the router undoes what the prior does{said}",
    }
    return f"c does not follow |td_norm| ({rho_c:.2f}){besides[router]}"


def _tail(rho_c: float, rho_tail: float | None, rho_tail_dc: float | None) -> str:
    """What differs, or goes on, in the top 20 % of |td_norm|."""
    if rho_tail is None:
        return ""
    before, now, router = _sign(rho_c), _sign(rho_tail), _sign(rho_tail_dc)
    words = {
        1: "c still rises with it" if before > 0 else "c rises with it",
        0: "c no longer changes with it" if before else "c does not either",
        -1: "c still falls with it" if before < 0 else "c falls with it",
    }[now]
    rises = "and so does the router" if now > 0 else "though the router rises"
    added = f", {rises if router > 0 else 'and the router presses it down'} ({rho_tail_dc:.2f})" if router else ""
    return f"; where surprise is large, {words} ({rho_tail:.2f}){added}"


def _sign(rho: float | None) -> int:
    return 0 if rho is None or abs(rho) < FLAT else 1 if rho > 0 else -1
