"""What environments carry from block to block: kept by the learner, cut for an actor, put into a file and taken out."""

import numpy as np
import pytest
from support import small_config

from gwt_ib.envs.make import check_environment
from gwt_ib.model.experience import Block, BlockSpec
from gwt_ib.rollout.collect import Collector, Progress
from gwt_ib.rollout.open_episodes import TOO_LONG, Carried, OpenEpisodes
from gwt_ib.rollout.torch_policy import TorchPolicy

CONFIG = small_config(num_envs=6, num_actors=2, rollout_steps=32, total_timesteps=6 * 32 * 4)


class Actors:
    """Both actors of a run, in this process."""

    def __init__(self, carried: Carried | None = None) -> None:
        facts = check_environment(CONFIG)
        self.spec = BlockSpec(facts.observation_size, facts.actions, CONFIG)
        size = CONFIG.envs_per_actor
        self.collectors = []
        for actor in range(2):
            policy = TorchPolicy(facts.observation_size, facts.actions, CONFIG)
            mine = None if carried is None else carried.rows(actor * size, size)
            first = np.zeros(size, np.int64)
            self.collectors.append(Collector(CONFIG, actor, policy, first, Progress.private(size), mine))

    def collect(self, number: int) -> Block:
        """A block of all environments, as the learner joins it."""
        blocks = []
        for collector in self.collectors:
            block = self.spec.allocate()
            collector.collect(block, number, 0, 0.0, 1.0)
            blocks.append(block)
        joined = {}
        for name in (
            "action",
            "terminated",
            "truncated",
            "observation",
            "reward",
            "value",
            "log_prob",
            "c",
            "is_first",
        ):
            joined[name] = np.concatenate([getattr(block, name) for block in blocks], axis=1)
        for name in (
            "next_h",
            "next_td_prev",
            "next_is_first",
            "next_observation",
            "open_return",
            "open_length",
            "episode",
        ):
            joined[name] = np.concatenate([getattr(block, name) for block in blocks], axis=0)
        h0 = np.concatenate([block.h0 for block in blocks], axis=1)
        rest = dict.fromkeys(set(Block._fields) - set(joined) - {"h0"}, np.zeros(0))
        return Block(**joined, h0=h0, **rest)


def same(one: Block, other: Block) -> bool:
    """Whether two blocks have the same bits in everything that the learner learns from."""
    names = (
        "observation",
        "action",
        "reward",
        "value",
        "log_prob",
        "c",
        "h0",
        "is_first",
        "episode",
        "open_return",
        "open_length",
    )
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def test_actors_that_go_on_with_what_was_carried_collect_the_very_same_blocks():
    actors, episodes = Actors(), OpenEpisodes(CONFIG.num_envs)
    for number in range(3):  # episodes of 52 steps end inside blocks of 32
        episodes.add(actors.collect(number))
    carried = episodes.carried()
    assert carried is not None
    through_a_file = Carried.from_tensors({name: array.copy() for name, array in carried.tensors().items()})
    others = Actors(through_a_file)
    assert all(collector.replayed.all() for collector in others.collectors)
    for number in (3, 4):
        assert same(actors.collect(number), others.collect(number))


def test_what_was_restored_is_carried_on_as_if_it_had_never_stopped():
    actors, episodes = Actors(), OpenEpisodes(CONFIG.num_envs)
    for number in range(2):
        episodes.add(actors.collect(number))
    carried = episodes.carried()
    again = OpenEpisodes(CONFIG.num_envs)
    again.restore(episodes.episode.tolist(), carried)
    block = actors.collect(2)
    episodes.add(block)
    again.add(block)
    one, other = episodes.carried(), again.carried()
    assert one is not None and other is not None
    assert all(np.array_equal(one.tensors()[name], other.tensors()[name]) for name in one.tensors())


def test_after_an_actor_that_began_new_episodes_the_old_actions_are_forgotten():
    actors, episodes = Actors(), OpenEpisodes(CONFIG.num_envs)
    episodes.add(actors.collect(0))
    episodes._actions[1] = None  # too long
    episodes.add(Actors().collect(0))  # their episodes are new ones, and no end was seen of those before
    carried = episodes.carried()
    assert carried is not None
    assert all(collector.replayed.all() for collector in Actors(carried).collectors)


def test_rows_are_those_of_the_environments_and_bring_their_own_actions():
    actors, episodes = Actors(), OpenEpisodes(CONFIG.num_envs)
    for number in range(2):
        episodes.add(actors.collect(number))
    carried = episodes.carried()
    assert carried is not None
    whole = carried.episodes()
    for first, count in ((0, 3), (3, 3), (1, 4), (5, 1)):
        part = carried.rows(first, count)
        assert part.h.shape == (count, CONFIG.hidden_size)
        for mine, theirs in zip(part.episodes(), whole[first : first + count], strict=True):
            assert mine.number == theirs.number and mine.observation_hash == theirs.observation_hash
            assert np.array_equal(mine.actions, theirs.actions)
    assert {len(episode.actions) for episode in whole} != {0}, "no open episode, so the test would show nothing"


def test_an_episode_with_more_actions_than_are_kept_is_known_to_be_incomplete(monkeypatch):
    monkeypatch.setattr("gwt_ib.rollout.open_episodes.MAX_ACTIONS", 40)
    actors, episodes = Actors(), OpenEpisodes(CONFIG.num_envs)
    for number in range(2):
        block = actors.collect(number)
        block.terminated[:, 0] = block.truncated[:, 0] = False  # an environment without end
        episodes.add(block)
    carried = episodes.carried()
    assert carried is not None and carried.steps[0] == TOO_LONG
    assert carried.episodes()[0].actions is None
    assert all(episode.actions is not None for episode in carried.rows(1, 5).episodes())


@pytest.mark.parametrize("name", ["h", "episode", "actions", "steps"])
def test_what_does_not_fit_together_is_refused_in_words(name):
    actors, episodes = Actors(), OpenEpisodes(CONFIG.num_envs)
    episodes.add(actors.collect(0))
    carried = episodes.carried()
    assert carried is not None
    tensors = carried.tensors()
    with pytest.raises(ValueError, match="environments"):
        Carried.from_tensors({key: array for key, array in tensors.items() if key != name})
    with pytest.raises(ValueError, match="environments"):
        Carried.from_tensors({**tensors, name: tensors[name][:-1]})
