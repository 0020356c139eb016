"""The two rules that decide the verdict, in each of their statuses."""

from __future__ import annotations

import pytest
from gate_rows import CONFIG, UPDATES, evaluation, evaluations, finding, healthy_run, row, verdict_of

from gwt_ib.config import Config

# ---- td_std


@pytest.mark.parametrize(
    ("td_std", "status", "word"),
    [
        (0.0051, "pass", "above"),
        (0.005, "fail", "floor"),
        (0.0, "fail", "floor"),
        (50.0, "fail", "ceiling"),
        (49.9, "fail", "ceiling"),
        (49.0, "pass", "below"),
        (None, "fail", "not a finite number"),
    ],
)
def test_td_std_must_lie_between_five_floors_and_the_ceiling(td_std, status, word):
    found = finding("td_std", [row(1), row(UPDATES, td_std=td_std)])
    assert found.status == status
    assert word in found.summary
    assert [(item.metric, item.value, item.step) for item in found.evidence] == [("td_std", td_std, UPDATES * 4096)]
    assert bool(found.next_step) == (status == "fail")


@pytest.mark.parametrize(
    ("update", "td_std", "improves"),
    [(2, "wait", "wait"), (60, "wait", "wait"), (61, "fail", "wait"), (82, "fail", "fail")],
)
def test_a_young_run_waits_and_never_fails(update, td_std, improves):
    rows = [*evaluations([[0.0] * 20] * 5), row(update, td_std=0.001)]
    found = {item.kind: item for item in verdict_of(rows).deciding}
    assert (found["td_std"].status, found["eval_improves"].status) == (td_std, improves)
    assert "pinned" in found["td_std"].summary and found["td_std"].next_step
    assert ("The run is young" in found["eval_improves"].next_step) == (improves == "wait")


@pytest.mark.parametrize(("returned", "status"), [(1.0, "pass"), (0.5, "fail")])
def test_td_errors_that_vanish_because_the_task_is_solved_are_no_fault(returned, status):
    config = Config(env_id="popgym-RepeatFirstMedium-v0")
    rows = [evaluation(10 * i, [returned] * 20, td_std=0.001) for i in range(1, 13)]
    found = finding("td_std", rows, config)
    assert (found.status, "no surprise is left" in found.summary) == (status, status == "pass")


def test_limits_that_leave_no_room_are_named():
    found = finding("td_std", [row(UPDATES, td_std=2.0)], Config(td_std_min=1.0, td_std_max=4.0))
    assert found.status == "fail"
    assert "No td_std can pass" in found.summary


# ---- eval_improves


@pytest.mark.parametrize(
    ("count", "config", "summary", "next_step"),
    [
        (0, Config(), "4 missing, at update 1 of 122", "Wait: an evaluation runs every 10 updates."),
        (3, Config(), "1 missing, at update 30 of 122", "Wait: an evaluation runs every 10 updates."),
        (0, Config(eval_every=0), "Evaluation is off", "eval_every = 0: no evaluation ever runs. The default is 10."),
        (0, Config(eval_every=50), "4 missing", "eval_every = 50: too few evaluations to compare"),
    ],
)
def test_it_waits_for_four_evaluations_and_says_what_they_take(count, config, summary, next_step):
    found = finding("eval_improves", [row(1), *evaluations([[0.0] * 20] * count)], config)
    assert found.status == "wait"
    assert summary in found.summary
    assert next_step in found.next_step


def test_improvement_beyond_chance_passes_with_p_value_level_and_progress():
    found = finding("eval_improves", healthy_run())
    assert found.status == "pass"
    assert found.summary == (
        "Returns rise: -0.655 (first 2 of 12 evaluations) to 0.245, p = 9.5e-07 (level 0.01 of 0.02, 20 seeds)."
    )
    early, late, p_value = found.evidence
    assert (early.metric, early.value, early.step) == ("eval_return", pytest.approx(-0.655), 20 * 4096)
    assert (late.metric, late.value, late.step) == ("eval_return", pytest.approx(0.245), 120 * 4096)
    assert (p_value.metric, p_value.value) == ("eval_p_value", 0.5**20)


@pytest.mark.parametrize("change", [0.0, -0.2])
def test_no_improvement_fails_and_the_next_step_depends_on_how_far_the_run_is(change):
    def rows(last):
        return evaluations([[change * i + 0.01 * seed for seed in range(20)] for i in range(last)])

    young, old = finding("eval_improves", rows(4)), finding("eval_improves", rows(12))
    assert (young.status, old.status) == ("wait", "fail")
    assert "p = 1 (level 0.005 of 0.02, 20 seeds)." in young.summary
    assert young.next_step.startswith("The run is young: let it go on. It can fail from update 82 on.")
    assert "rollout_steps" in old.next_step


@pytest.mark.parametrize(("last", "words"), [(4, "look at the warnings"), (12, "Act on the warnings first")])
def test_the_next_step_names_warnings_only_where_there_are_some(last, words):
    def rows(**changes):
        returns = [0.01 * seed for seed in range(20)]
        return [evaluation(10 * (i + 1), returns, **changes) for i in range(last)]

    assert not any(found.status == "warn" for found in verdict_of(rows()).advice)
    calm, warned = finding("eval_improves", rows()), finding("eval_improves", rows(bias=CONFIG.bias_clamp_min))
    assert calm.status == warned.status == ("wait" if last == 4 else "fail")
    assert words in warned.next_step and "warning" not in calm.next_step
    assert calm.next_step.startswith(("Try in new runs half and double lr", "The run is young: let it go on."))


def test_a_single_lucky_episode_is_chance():
    early, lucky = [0.0] * 20, [1.0] + [0.0] * 19
    assert finding("eval_improves", evaluations([early] * 8 + [lucky] * 4)).status == "fail"


def test_being_at_the_known_ceiling_early_and_late_passes():
    config = Config(env_id="popgym-RepeatPreviousEasy-v0")
    solved, lost = [0.97] * 20, [0.2] * 20
    found = finding("eval_improves", evaluations([solved] * 6), config)
    assert found.status == "pass"
    assert "at the task's known ceiling 1: 0.97 (first 2 of 6 evaluations) to 0.97" in found.summary
    assert finding("eval_improves", evaluations([solved] * 6 + [lost] * 6), config).status == "fail"
    assert finding("eval_improves", evaluations([solved] * 12), Config(env_id="CartPole-v1")).status == "fail"


@pytest.mark.parametrize(("episodes", "status"), [(1, "wait"), (6, "wait"), (7, "pass")])
def test_fewer_than_seven_episodes_tell_nothing_from_chance(episodes, status):
    rows = evaluations([[0.05 * i - 1.0] * episodes for i in range(12)])
    found = finding("eval_improves", rows, Config(eval_episodes=episodes))
    assert found.status == status
    assert (f"eval_episodes = {episodes}: too few" in found.next_step) == (status == "wait")


def test_a_null_return_takes_only_its_seed_out():
    rows = evaluations([[float(i)] * 8 for i in range(6)])
    rows[0]["eval_returns"][2] = None
    assert "7 seeds" in finding("eval_improves", rows).summary


def test_returns_that_are_all_null_wait():
    found = finding("eval_improves", evaluations([[None] * 20] * 6))
    assert found.status == "wait"
    assert "not finite" in found.next_step


# ---- over all looks of a run


def test_between_two_looks_the_last_one_holds():
    rows = evaluations([[0.1 * i + 0.01 * seed for seed in range(20)] for i in range(12)])
    summaries = [finding("eval_improves", rows[:count]).summary for count in (8, 9, 10)]
    assert summaries[0] == summaries[1] != summaries[2]
    assert "of 8 evaluations" in summaries[0] and "of 10 evaluations" in summaries[2]


def test_the_last_planned_evaluation_is_a_look_and_has_half_of_the_level():
    rows = evaluations([[0.1 * i + 0.01 * seed for seed in range(20)] for i in range(12)])
    assert "of 10 evaluations" in finding("eval_improves", rows[:11]).summary
    last = finding("eval_improves", rows)
    assert "of 12 evaluations" in last.summary
    assert last.limits == (None, 0.01)


def test_a_task_that_is_learnt_within_the_first_evaluations_has_been_learnt():
    means = [-0.5, 0.0, 0.9, 1.0, *[0.8, 0.95] * 13]
    rows = [
        evaluation(2 * i, [mean + 0.01 * seed for seed in range(20)]) for i, mean in enumerate(means, 1)
    ]  # an evaluation every second update
    found = finding("eval_improves", rows, Config(env_id="CartPole-v1", eval_every=2, total_timesteps=60 * 4096))
    assert found.status == "pass"
    assert "(first 3 of 30 evaluations)" in found.summary


def test_a_rise_that_is_small_beside_the_spread_of_the_episodes_does_not_count():
    def rows(rise):
        return evaluations([[rise * (i > 5) + 0.1 * seed - 2.0 for seed in range(20)] for i in range(12)])

    assert finding("eval_improves", rows(0.3)).status == "fail"  # the middle 68 % of the episodes lie within 0.65 * 2
    assert finding("eval_improves", rows(0.4)).status == "pass"
