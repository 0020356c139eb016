"""The figures of a bench from made-up reports."""

import pytest
from support import small_config

from gwt_ib.bench.figures import figures, spread
from gwt_ib.bench.measure import COMPARED, bench_config

PRODUCT = {"name": "gru", "rows": 8, "inner": 4, "columns": 2, "times": 1, "flop": 2_000}


def report(seconds=0.25, evaluation=0.0, **more):
    learner = {"publish": 0.05, "wait": 0.1, "unroll forward": seconds, "new": 0.1, "evaluation": evaluation}
    actors = {"environment": 0.02, "inference": 0.03, "write": 0.05, "wait": 0.4}
    return {"learner": learner, "actors": actors, **more}


def compared(sgemm_s=1e-6, threads=2, peak=100):
    memory = [{"name": "trainer", "now": 10, "peak": 10}, {"name": "learner", "now": 50, "peak": peak}]
    sgemm = {"threads": threads, "flop_per_sample": 1_000, "products": [PRODUCT]}
    return report(memory=memory, sgemm=sgemm, sgemm_seconds=[sgemm_s])


def of(measured, last=None, cores=2, warm_up=1):
    config = small_config(num_envs=4, rollout_steps=64, epochs=2)  # 256 env steps an update
    warm = [report(seconds=9.0)] * warm_up
    return figures([*warm, *measured, *(last or [compared()] * COMPARED)], config, warm_up, cores)


def test_the_warm_up_and_the_compared_updates_are_not_in_speed_and_sections():
    found = of([report()] * 3)
    assert found["steps_per_s"] == {name: pytest.approx(256 / 0.5) for name in ("median", "low", "high")}
    assert found["update_ms"]["median"] == pytest.approx(500)


def test_a_section_has_its_median_and_its_share_of_all_the_time():
    found = of([report(), report(), report(), report(evaluation=2.0)])
    rows = {(row["process"], row["section"]): row for row in found["sections"]}
    evaluation = rows["learner", "evaluation"]
    assert (evaluation["median_ms"], evaluation["mean_ms"]) == (0.0, 500.0)
    assert evaluation["share"] == pytest.approx(2.0 / 4.0)
    assert evaluation["us_per_env_step"] == pytest.approx(0.5e6 / 256)
    assert rows["actors", "wait"]["median_ms"] == pytest.approx(400)
    assert sum(row["share"] for row in found["sections"] if row["process"] == "learner") == pytest.approx(1)


def test_sections_stand_in_the_order_of_an_update_and_unknown_ones_last():
    names = [row["section"] for row in of([report()])["sections"]]
    assert names[:5] == ["wait", "unroll forward", "publish", "evaluation", "new"]
    assert names[5:] == ["environment", "inference", "write", "wait"]


def test_the_learner_is_held_against_sgemm_on_the_cores_that_it_uses():
    learner = of([report()])["learner"]
    assert learner["samples_per_s"] == pytest.approx(2 * 256 / 0.35), (
        "waiting, publishing and evaluating are not learning"
    )
    assert learner["sgemm_gflop_per_s"] == pytest.approx(2.0)
    assert learner["bound_samples_per_s"] == pytest.approx(2 * 2e9 / 1_000)
    assert learner["of_bound"] == pytest.approx(learner["samples_per_s"] / 4e6)
    assert of([report()], cores=1)["learner"]["cores"] == 1
    alone = [compared(threads=1)] * COMPARED
    assert of([report()], alone)["learner"]["bound_samples_per_s"] == pytest.approx(2e6)


def test_one_slow_product_is_a_median_that_nobody_sees():
    last = [compared(sgemm_s=1.0), *[compared()] * (COMPARED - 1)]
    assert of([report()], last)["learner"]["sgemm_gflop_per_s"] == pytest.approx(2.0)


def test_without_sgemm_there_is_speed_alone():
    last = [report(memory=[{"name": "trainer", "now": 1, "peak": 2}])] * COMPARED
    assert set(of([report()], last)["learner"]) == {"samples_per_s"}


def test_memory_is_the_sum_over_the_processes():
    memory = of([report()], [compared(peak=300), *[compared()] * (COMPARED - 1)])["memory"]
    assert (memory["bytes"], memory["peak_bytes"]) == (60, 310)
    assert [process["peak"] for process in memory["processes"]] == [10, 300]


def test_a_spread_leaves_a_twentieth_out_at_either_end():
    assert spread([float(n) for n in range(40)]) == {"median": 19.5, "low": 2.0, "high": 37.0}
    assert spread([3.0]) == {"median": 3.0, "low": 3.0, "high": 3.0}


def test_the_run_is_as_long_as_the_updates_that_are_asked_for():
    config = small_config()
    assert bench_config(config, updates=4, warm_up=1).num_updates == 5 + COMPARED
