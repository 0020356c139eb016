"""A number at a limit and just beside it has one status on its chart, in the rules' table, the help and `check --json`."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from gate_rows import UPDATES, curve, evaluations, row
from recorded_run import RecordedRun
from rich.console import Console
from rich.table import Table

from gwt_ib.config import Config
from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run
from gwt_ib.gatecheck.rules import RULES
from gwt_ib.runs.metrics import BY_NAME, METRICS
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.screens.help_screen import metrics_table, rules_table
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.chart_heads import head_of
from gwt_ib_tui.widgets.check_panels import rule_table
from gwt_ib_tui.widgets.verdict import STATUS_ICONS, short_name, status_word

Rows = list[dict[str, Any]]
DEFAULT = Config()


def settled(name: str, value: float | None, **first: Any) -> Rows:
    """A late run of which a metric has had this value for long, so that means of it are exactly the value."""
    rows = [row(UPDATES - 50, **first)]
    rows += [row(update, **{name: value}) for update in range(UPDATES - 40, UPDATES - 9)]
    rows += [row(update, **{name: None}) for update in range(UPDATES - 9, UPDATES)]
    return [*rows, row(UPDATES, **{name: value})]


def fallen(fall: float) -> Rows:
    values = [0.7 + fall] * 20 + [0.7] * 20
    return [row(UPDATES - 40 + place, explained_variance=value) for place, value in enumerate(values, 1)]


def beside(limit: float) -> tuple[float, float]:
    return math.nextafter(limit, -math.inf), math.nextafter(limit, math.inf)


def of_limits(
    kind: str, name: str, low: float | None, high: float | None, config: Config, *, strict: bool
) -> Iterator[Any]:
    """Six numbers at most, at the two ends and beside them, and whether they pass."""
    for limit, side in ((low, 1), (high, 0)):
        if limit is not None:
            inside, outside = beside(limit)[side], beside(limit)[1 - side]
            for value, passes in ((limit, not strict), (inside, True), (outside, False)):
                yield pytest.param(kind, name, settled(name, value), config, passes, id=f"{kind} {value!r}")


def cases() -> Iterator[Any]:
    limits = {rule.kind: rule.threshold(DEFAULT).limits for rule in RULES}
    for kind, name, strict in (
        ("td_std", "td_std", True),
        ("mean_c_near_target", "mean_c", False),
        ("surprise_opens_gate", "rho_tail", False),
        ("critic_explains_returns", "explained_variance", False),
        ("rollouts_are_fresh", "policy_lag_max", False),
    ):
        yield from of_limits(kind, name, *limits[kind], DEFAULT, strict=strict)
    for value, passes in (
        (-3.998, True),
        (-3.9995, False),
        (-4.0, False),
        (1.9993, True),
        (1.9995, False),
        (2.0, False),
    ):
        yield pytest.param("bias_inside_clamps", "bias", settled("bias", value), DEFAULT, passes, id=f"bias {value}")
    wide = Config(td_std_max=5.0)
    for value, passes in ((4.94, True), (4.95, False), (4.97, False), (5.0, False)):
        yield pytest.param("td_std", "td_std", settled("td_std", value), wide, passes, id=f"td_std {value} of 5")
    low, high = limits["gate_partly_open"]
    for value, passes in ((low, True), (beside(low)[1], True), (beside(low)[0], False)):
        # A gate that opens at few steps and is shut at all others is not shut: here it is the same at every step.
        rows = [each | {"gate_curve": curve(value, value, 0.0)} for each in settled("mean_c", value)]
        config = Config(target_c=0.1)
        yield pytest.param("gate_partly_open", "mean_c", rows, config, passes, id=f"gate_partly_open {value!r}")
    yield from of_limits("gate_partly_open", "mean_c", None, high, Config(target_c=0.9), strict=False)
    for value, passes in ((0.02, False), (beside(0.02)[1], True), (beside(0.02)[0], False)):
        rows = settled("entropy", value, entropy=1.0)
        yield pytest.param("policy_still_explores", "entropy", rows, DEFAULT, passes, id=f"entropy {value!r}")
    for size, passes in ((0.01 + 1e-9, True), (0.01 - 1e-9, False)):
        rows = [row(UPDATES, gate_curve=curve(0.3, 0.3, size))]
        yield pytest.param("gate_moves", "", rows, DEFAULT, passes, id=f"constant {size!r}")
        rows = [row(UPDATES, gate_curve=curve(0.3 + size, 0.3, 0.0))]
        yield pytest.param("router_adds_to_prior", "", rows, DEFAULT, passes, id=f"prior {size!r}")
    for fall, passes in ((0.1 - 1e-9, True), (0.1 + 1e-9, False)):
        name = "explained_variance"
        yield pytest.param("critic_keeps_up", name, fallen(fall), DEFAULT, passes, id=f"fall {fall!r}")
    # A p-value is a multiple of 1/128 where there are seven seeds: those next to 0.01 are 1/128 and 2/128.
    for worst, passes in ((0.1, True), (-0.1, False)):
        rows = evaluations([[0.0] * 7] * 4 + [[*[1.0] * 6, worst]] * 8)
        yield pytest.param("eval_improves", "eval_return", rows, DEFAULT, passes, id=f"seed {worst}")
    for name, metric in BY_NAME.items():
        if metric.healthy and all(rule.follows != name for rule in RULES):
            yield from of_limits("", name, *metric.healthy(DEFAULT).limits, DEFAULT, strict=False)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> RunView:
    run = RecordedRun(tmp_path_factory.mktemp("run") / "a-run")
    run.learn(1)
    return Feed(run.directory).read_everything()


def blocks(table: Table) -> dict[str, str]:
    """What a table of the help says of each name."""
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(table)
    found: dict[str, str] = {}
    name = ""
    for line in console.export_text().split("\n"):
        if line[:1].strip():
            name = re.split(r"  +", line)[0]
        found[name] = " ".join(f"{found.get(name, '')} {line}".split())
    return found


@pytest.mark.parametrize(("kind", "name", "rows", "config", "passes"), list(cases()))
def test_a_number_at_a_limit_has_one_status(
    known: RunView, kind: str, name: str, rows: Rows, config: Config, passes: bool
) -> None:
    record = json.loads(json.dumps(judge_run(History.from_rows(rows), config).as_dict()))
    view = replace(known, config=config, row=rows[-1], verdict=Verdict.from_dict(record))
    assert view.verdict is not None
    statuses = {found["kind"]: found["status"] for found in record["findings"]}
    if kind:
        status = statuses[kind]
        assert passes == (status == "pass") and status != "wait"
        lines = [line.plain for line in rule_table(view.verdict, None, lambda *_: "", 120, 40, DARK)]
        (line,) = [line for line in lines if f" {short_name(kind)} " in line]
        word = status_word(status, DARK).plain
        assert f" {word} " in line and f" {word} " in blocks(rules_table(DARK, view))[short_name(kind)]
    else:
        status = "pass" if passes else "warn"
    if name:
        others = {statuses[rule.kind] for rule in RULES if rule.follows == name} - {status}
        assert others <= {"pass"}, "no other rule of this metric is in the way"
        if BY_NAME[name].healthy:
            assert f" {status_word(status, DARK).plain} healthy: " in blocks(metrics_table(DARK, view))[name]
        assert head_of(name, view).status == status


def test_every_rule_and_every_healthy_range_is_among_them() -> None:
    given = [case.values for case in cases()]
    assert {values[0] for values in given} == {"", *(rule.kind for rule in RULES)}
    assert {values[1] for values in given} >= {metric.name for metric in METRICS if metric.healthy}


def test_every_status_has_an_icon_a_word_and_a_colour_and_an_unknown_one_is_shown_as_it_is() -> None:
    words = [status_word(status, DARK).plain for status in STATUS_ICONS]
    assert words == ["✗ FAIL", "▲ WARN", "… WAIT", "✓ PASS"]
    assert len({DARK.of_status(status) for status in STATUS_ICONS}) == len(STATUS_ICONS)
    assert status_word("odd", DARK).plain == "? ODD "


@pytest.mark.parametrize("verdict", [None, Verdict("pass")])
def test_without_a_finding_a_chart_shows_no_status(known: RunView, verdict: Verdict | None) -> None:
    view = replace(known, row=row(1, td_std=1e9), verdict=verdict)
    followed = {rule.follows for rule in RULES} & set(BY_NAME)
    assert {head_of(name, view).status for name in followed} == {""}


def test_a_chart_says_where_a_metric_is_not_typical_though_its_rule_passes(known: RunView) -> None:
    rows = [row(1, td_std=0.007)]
    view = replace(known, config=DEFAULT, row=rows[0], verdict=judge_run(History.from_rows(rows), DEFAULT))
    head = head_of("td_std", view)
    assert (head.status, head.hint) == ("pass", "typical 0.01 to 10")
    low = replace(view, verdict=judge_run(History.from_rows([row(UPDATES, td_std=0.004)]), DEFAULT))
    assert (head_of("td_std", low).status, head_of("td_std", low).hint) == ("fail", "> 0.005, < 49.5")
