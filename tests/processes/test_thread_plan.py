"""What a run says of its processes and threads before it starts."""

import importlib.util

import pytest
from support import small_config

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.plan import learner_threads, thread_plan

WITH_ACTORS = "1 learner and 2 actor(s) of 2 environments, one thread each"
SERIAL = "1 learner that also steps 4 environments as 2 actor(s)"


def test_the_plan_names_processes_environments_and_threads():
    config = small_config(kernels="numba", learner_threads=2)
    assert thread_plan(config) == f"{WITH_ACTORS}; 2 in the learner while it learns"
    assert thread_plan(config.model_copy(update={"channel": "serial"})) == f"{SERIAL}, 2 threads while it learns"
    assert thread_plan(small_config(kernels="torch")) == WITH_ACTORS
    assert thread_plan(small_config(learner_threads=1, channel="serial")) == f"{SERIAL}, one thread"


def test_there_are_no_more_threads_than_sequences_to_share_out():
    config = small_config(kernels="numba", minibatches=8, learner_threads=16)
    assert config.sequences // config.minibatches == 2
    assert learner_threads(config) == 2


def test_torch_and_a_gpu_get_one_thread():
    assert learner_threads(small_config(kernels="torch", learner_threads=4)) == 1
    assert learner_threads(small_config(kernels="numba", learner_threads=4, device="cuda")) == 1


def test_kernels_that_are_not_installed_are_refused(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError) as error:
        thread_plan(small_config(kernels="numba"))
    assert error.value.code == ExitCode.BAD_CONFIGURATION
    assert thread_plan(small_config(kernels="auto")) == WITH_ACTORS
