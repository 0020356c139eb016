"""Whom the trainer holds for hung."""

from types import SimpleNamespace

import numpy as np
import pytest
from support import small_config

from gwt_ib.channel.shared_memory import Counters
from gwt_ib.envs.make import check_environment
from gwt_ib.processes.places import ActorPlace, Place
from gwt_ib.processes.watch import ProgressWatch, RestartBudget
from gwt_ib.processes.workers import Workers


@pytest.mark.parametrize(("handed", "killed"), [(1, False), (2, True), (-2, True)])
def test_an_actor_is_not_hung_while_a_paused_learner_has_not_given_it_its_environments(handed, killed):
    workers, now, kills = Workers.__new__(Workers), [1000.0], []
    workers._config = small_config(num_actors=1, start_timeout_s=2.0)
    workers._spec = check_environment(workers._config)
    header = np.zeros(64, np.int64)
    header[Counters.VERSION] = 5
    workers.counters = SimpleNamespace(
        header=header, pushed=np.array([5]), versions=np.array([-1]), beats=np.array([0]), handed=np.array([handed])
    )
    place = Place("actor 0", RestartBudget(5), lambda: None)
    place.child = SimpleNamespace(kill=kills.append)
    actor = ActorPlace(place, ProgressWatch(2.0, lambda: now[0]), -1, -1, -1, generation=2)
    for _ in range(200):
        workers._kill_where_hung(0, actor)
        now[0] += 1.0
    assert bool(kills) == killed
