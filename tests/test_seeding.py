"""Random streams are named by what they are for, and by nothing else."""

import numpy as np

from gwt_ib.seeding import Stream, derived_seed, generator


def test_a_stream_is_a_function_of_its_name():
    first = generator(1, Stream.SHUFFLE, 2, 3).random(4)
    assert np.array_equal(first, generator(1, Stream.SHUFFLE, 2, 3).random(4))
    others = [
        (2, Stream.SHUFFLE, 2, 3),
        (1, Stream.ACTION_NOISE, 2, 3),
        (1, Stream.SHUFFLE, 3, 2),
        (1, Stream.SHUFFLE, 2),
    ]
    assert all(not np.array_equal(first, generator(*other).random(4)) for other in others)


def test_seeds_of_episodes_differ_and_fit_every_library():
    seeds = {derived_seed(42, Stream.EPISODE, env, episode) for env in range(50) for episode in range(50)}
    assert len(seeds) == 2500
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_the_numbers_are_part_of_every_result_and_never_change():
    assert derived_seed(42, Stream.EPISODE, 0, 0) == 955475868
    assert generator(42, Stream.ACTION_NOISE, 0, 0).random() == 0.539178654717507
