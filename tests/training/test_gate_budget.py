"""When replaced gates are played: within the budget, decisive ones first, and most of what is left at the end."""

from dataclasses import replace
from math import ceil

import pytest
from support import small_config

from gwt_ib.replacements import DECISIVE, REPLACEMENTS
from gwt_ib.rollout.evaluation import OVERHEAD_ROWS, Played
from gwt_ib.rollout.replaced_gate import Replaced
from gwt_ib.training.gate_budget import LEAST, OTHERS_EVERY, GateBudget

EPISODE = 50


def settings(updates=400, **changes):
    """One rollout is 1024 steps, an evaluation 20 episodes."""
    fixed = {"num_envs": 4, "rollout_steps": 256, "num_actors": 1, "eval_every": 10, "eval_episodes": 20}
    return small_config(**{**fixed, "total_timesteps": updates * 1024, **changes})


def evaluated(length=EPISODE):
    """An evaluation, in which every episode is that long."""
    return Played([0.0] * 20, [length] * 20, (20 + OVERHEAD_ROWS) * length)


def cost(look, config, length=EPISODE):
    """What the look costs as `GatePlayer.replaced` plays it."""
    apart = [look.words] if "prior" not in look.words else [[word for word in look.words if word != "prior"], ["prior"]]
    rows = [len(words) * len(look.episodes) for words in apart]
    return length * sum(count + OVERHEAD_ROWS * ceil(count / config.eval_episodes) for count in rows)


def played(budget, config, first=0, last=None, length=EPISODE):
    """Every look of a run, each with its update."""
    found = []
    for update in range(first + config.eval_every, (last or config.num_updates) + 1, config.eval_every):
        look = budget.due(config, update, evaluated(length))
        if look is not None:
            steps = cost(look, config, length)
            assert steps <= look.most_steps
            budget.took(look, Replaced({word: [] for word in look.words}, steps, length))
            found.append((update, look))
            earned = config.num_updates if update + config.eval_every > config.num_updates else update
            assert budget.spent <= config.eval_gate_share * earned * 1024
    return found


@pytest.mark.parametrize(("updates", "episodes"), [(400, 20), (200, 20), (400, 3), (400, 100), (2000, 7)])
def test_no_look_costs_more_than_the_run_has_earned_and_the_last_uses_what_is_left(updates, episodes):
    config = settings(updates, eval_episodes=episodes)
    budget = GateBudget()
    looks = played(budget, config)
    total = 0.02 * updates * 1024
    assert 0.5 * total < budget.spent <= total or episodes == 3
    assert looks[-1][0] == updates and set(looks[-1][1].words) >= set(DECISIVE)
    assert all(len(look.episodes) >= min(episodes, LEAST) for _, look in looks)


def test_the_last_look_has_all_episodes_where_the_run_was_long_enough_for_them():
    assert played(GateBudget(), settings())[-1][1].episodes == tuple(range(20))
    assert played(GateBudget(), settings(4000))[-1][1].words == tuple(REPLACEMENTS)


def test_the_last_look_is_the_last_scheduled_evaluation_also_where_the_run_ends_after_it():
    assert played(GateBudget(), settings(407))[-1][0] == 400


def test_episodes_are_played_in_turn_and_the_others_now_and_then():
    config = settings(4000)
    looks = [look for _, look in played(GateBudget(), config, last=2000)]
    assert [look.words == DECISIVE for look in looks[: OTHERS_EVERY - 1]] == [True] * (OTHERS_EVERY - 1)
    assert set(looks[OTHERS_EVERY - 1].words) == set(REPLACEMENTS) - set(DECISIVE)
    counts = [sum(episode in look.episodes for look in looks if look.words == DECISIVE) for episode in range(20)]
    assert max(counts) - min(counts) <= 2 and min(counts) > 0
    assert {len(set(look.episodes)) - len(look.episodes) for look in looks} == {0}


@pytest.mark.parametrize("gate", ["open", "constant"])
def test_a_gate_that_does_not_gate_is_not_looked_at(gate):
    assert played(GateBudget(), settings(gate=gate)) == []
    assert played(GateBudget(), settings(eval_gate_share=0.0)) == []


@pytest.mark.parametrize("gate", ["router", "prior"])
def test_of_other_arms_what_makes_sense_is_played(gate):
    assert {word for _, look in played(GateBudget(), settings(gate=gate)) for word in look.words} >= set(DECISIVE)


def test_a_look_that_took_too_long_is_counted_and_comes_again_with_more():
    config, budget = settings(4000), GateBudget()

    def next_look():
        looks = (budget.due(config, update, evaluated()) for update in range(10, 4000, 10))
        return next(look for look in looks if look is not None)

    first = next_look()
    budget.took(first, Replaced({}, first.most_steps))
    assert (budget.spent, budget.looks, budget.seed) == (first.most_steps, 0, 0)
    again = next_look()
    assert again.episodes == first.episodes and again.longest == 2 * first.longest


def test_a_resumed_run_goes_on_with_the_looks_of_the_uninterrupted_one():
    config, whole = settings(), GateBudget()
    wanted = played(whole, config)
    begun, resumed = GateBudget(), GateBudget()
    found = played(begun, config, last=200)
    resumed.restore(begun.state())
    assert found + played(resumed, config, first=200) == wanted and resumed == whole
    assert 0 < len(found) < len(wanted)


def test_a_snapshot_that_knows_nothing_of_looks_begins_with_none():
    budget = GateBudget(5, 5, 5, 5)
    budget.restore({"spent": "x", "looks": -3, "longest": 1e400})
    assert budget == GateBudget() == replace(budget)
