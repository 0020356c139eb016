"""The local channel in one process: two ends of the same memory, threads for the waiting."""

import os
import threading

import numpy as np
import pytest
from support import small_config

from gwt_ib.channel.shared_memory import (
    ActorPipes,
    Counters,
    LocalActorChannel,
    LocalLearnerChannel,
    MemoryLayout,
    create_memory,
)
from gwt_ib.envs.make import check_environment
from gwt_ib.files import nameless_memory
from gwt_ib.model.weights import Weights


class Ends:
    """A learner's end and the actors' ends of a channel."""

    def __init__(self, **changes: object) -> None:
        config = small_config(num_actors=2, **changes)
        spec = check_environment(config)
        self.layout = MemoryLayout(spec.observation_size, spec.actions, config)
        memory = create_memory(config)
        self.counters = Counters.open(memory, config)
        blocks_read, blocks_write = os.pipe()
        self.control_read, self.control_write = os.pipe()
        alive_read, self.alive_write = os.pipe()
        wakes = [os.pipe() for _ in range(2)]
        episodes = np.full(config.num_envs, -1, np.int64)
        self.handovers = [nameless_memory() for _ in range(2)]
        self.learner = LocalLearnerChannel(
            self.layout, memory, blocks=blocks_read, wakes=[w for _, w in wakes], handovers=self.handovers,
            control=self.control_read,
            first_block=0, episodes=episodes,
        )  # fmt: skip
        self.actors = [
            LocalActorChannel(
                self.layout, memory, actor, ActorPipes(wakes[actor][0], blocks_write, alive_read, self.handovers[actor])
            )
            for actor in range(2)
        ]

    def publish(self, version: int) -> None:
        self.learner.publish(
            Weights(version, np.full(self.layout.num_weights, version, np.float32), 0.1 * version, 1.0 + version)
        )


def in_thread(function):
    """Start `function` in a thread; returns the thread and the list that will hold its result."""
    result: list[object] = []
    thread = threading.Thread(target=lambda: result.append(function()), daemon=True)
    thread.start()
    return thread, result


def test_a_block_written_by_an_actor_is_read_in_place_by_the_learner():
    ends = Ends()
    ends.publish(0)
    for number, actor in enumerate(ends.actors):
        weights = actor.pull()
        assert weights is not None and weights.version == 0 and (weights.vector == 0).all()
        actor.next_block().reward[...] = 10 + number
        actor.push()
    blocks = ends.learner.take()
    assert [float(block.reward[3, 1]) for block in blocks] == [10, 11]


def test_in_strict_mode_an_actor_waits_for_the_next_version():
    ends = Ends()
    ends.publish(0)
    actor = ends.actors[0]
    assert actor.pull().version == 0
    actor.push()
    thread, result = in_thread(actor.pull)
    thread.join(0.2)
    assert thread.is_alive() and not result
    ends.publish(1)
    thread.join(5)
    assert result[0].version == 1 and result[0].td_std == pytest.approx(2.0)


def test_with_a_lag_of_1_an_actor_is_one_block_ahead_and_no_more():
    ends = Ends(max_policy_lag=1)
    ends.publish(0)
    actor = ends.actors[0]
    first = actor.next_block()
    first.value[...] = 1
    actor.pull()
    actor.push()
    assert actor.pull().version == 0  # the second block, while the learner learns from the first
    second = actor.next_block()
    second.value[...] = 2
    assert (first.value == 1).all()
    actor.push()
    thread, result = in_thread(actor.pull)
    thread.join(0.2)
    assert thread.is_alive() and not result
    ends.publish(1)
    thread.join(5)
    assert result[0].version == 1


def test_a_request_interrupts_the_wait_for_blocks():
    ends = Ends()
    ends.publish(0)
    thread, result = in_thread(ends.learner.take)
    thread.join(0.2)
    assert thread.is_alive()
    os.write(ends.control_write, b"x")
    thread.join(5)
    assert result == [None]


def test_actors_end_when_the_run_is_over_or_the_trainer_is_gone():
    ends = Ends()
    ends.publish(0)
    for actor in ends.actors:
        actor.push()
    waiting = [in_thread(actor.pull) for actor in ends.actors]
    ends.learner.close()
    for thread, result in waiting:
        thread.join(5)
        assert result == [None]
    other = Ends()
    thread, result = in_thread(other.actors[0].pull)
    os.close(other.alive_write)
    thread.join(5)
    assert result == [None]


def test_weights_are_never_torn():
    """A second process publishes as fast as it can; it is a fork, so that both have the same memory at once."""
    ends = Ends()
    ends.publish(0)
    publisher = os.fork()
    if publisher == 0:
        for version in range(1, 20_000):
            ends.publish(version)
            if version % 100 == 0:
                os.sched_yield()  # on a busy machine both may share one core
        os._exit(0)
    seen = set()
    while os.waitpid(publisher, os.WNOHANG) == (0, 0):
        weights = ends.actors[0].pull()
        assert (weights.vector == weights.version).all(), "a mixture of two versions"
        assert weights.td_std == pytest.approx(1.0 + weights.version)
        seen.add(weights.version)
    assert len(seen) > 20, "the reader met too few versions for the test to show anything"


def test_blocks_of_different_actors_and_slots_share_no_memory():
    ends = Ends(max_policy_lag=1)
    memory = memoryview(bytearray(ends.layout.nbytes))
    views = [ends.layout.block(memory, actor, number) for actor in range(2) for number in range(2)]
    for mark, view in enumerate(views, start=1):
        view.log_prob[...] = mark
    assert [float(view.log_prob.mean()) for view in views] == [1, 2, 3, 4]
    words = np.frombuffer(memory, np.uint8)
    assert not words[: ends.layout.blocks].any()
