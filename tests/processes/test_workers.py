"""Whom the trainer holds for hung."""

from types import SimpleNamespace

import numpy as np
import pytest
from support import small_config

from gwt_ib.channel.shared_memory import Counters
from gwt_ib.envs.make import check_environment
from gwt_ib.processes.kinds.local import LocalActors
from gwt_ib.processes.places import ActorPlace, Place
from gwt_ib.processes.watch import STALLED_S, STARTING_STALLED_S, ProgressWatch, RestartBudget
from gwt_ib.processes.workers import Workers


@pytest.mark.parametrize(("handed", "killed"), [(1, False), (2, True), (-2, True)])
def test_an_actor_is_not_hung_while_a_paused_learner_has_not_given_it_its_environments(handed, killed):
    actors, now, kills = LocalActors.__new__(LocalActors), [1000.0], []
    config = small_config(num_actors=1, start_timeout_s=2.0)
    header = np.zeros(64, np.int64)
    header[Counters.VERSION] = 5
    counters = SimpleNamespace(
        header=header, pushed=np.array([5]), versions=np.array([-1]), beats=np.array([0]), handed=np.array([handed])
    )
    actors._shared = SimpleNamespace(config=config, spec=check_environment(config), counters=counters)
    place = Place("actor 0", RestartBudget(5), lambda: None)
    place.child = SimpleNamespace(kill=kills.append)
    actor = ActorPlace(place, ProgressWatch(2.0, lambda: now[0]), -1, -1, -1, generation=2)
    for _ in range(200):
        actors._kill_where_hung(0, actor)
        now[0] += 1.0
    assert bool(kills) == killed


def test_a_learner_that_loads_its_kernels_before_its_first_update_is_not_said_to_stall():
    workers, now = Workers.__new__(Workers), [1000.0]
    header = np.zeros(64, np.int64)
    header[Counters.VERSION] = 7  # published, and not yet learnt from
    workers.counters = SimpleNamespace(header=header)
    workers._first_version = -1
    workers._learner_watch = ProgressWatch(600.0, lambda: now[0])

    def silence() -> float:
        started = now[0]
        header[Counters.BEAT] += 1
        while not workers.learner_stalls():
            now[0] += 1.0
        return now[0] - started

    assert silence() == pytest.approx(STARTING_STALLED_S, abs=2.0)
    header[Counters.VERSION] = 8
    assert silence() == pytest.approx(STALLED_S, abs=2.0)
