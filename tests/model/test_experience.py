"""Blocks and sequences have the shapes and dtypes that their fields say, and a block its layout in memory."""

import numpy as np
import pytest
from gymnasium import spaces
from support import small_config

from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.learn.sequences import cut, join
from gwt_ib.model.arrays import fields_of
from gwt_ib.model.experience import ALIGNMENT, Block, BlockSpec, Sequences, blank_minibatch

CONFIG = small_config(rollout_steps=6, seq_len=3, num_envs=6, num_actors=2, hidden_size=7, minibatches=1)
SPEC = BlockSpec(5, ActionCodec(spaces.MultiDiscrete([3, 2])), CONFIG)


def test_arrays_have_their_shapes_and_share_no_byte():
    memory = bytearray(SPEC.nbytes)
    block = SPEC.view(memoryview(memory))
    assert block.observation.shape == (6, 3, 5)
    assert block.h0.shape == (2, 3, 7)
    assert block.action.shape == (6, 3, 2)
    assert block.action.dtype == np.int32
    names = list(fields_of(Block))
    for number, name in enumerate(names, start=1):
        getattr(block, name)[...] = number % 2 if getattr(block, name).dtype == bool else number
    for number, name in enumerate(names, start=1):
        expected = number % 2 if getattr(block, name).dtype == bool else number
        assert (getattr(block, name) == expected).all(), name


def test_arrays_start_on_cache_lines():
    memory = np.zeros(SPEC.nbytes + ALIGNMENT, np.uint8)
    base = -memory.ctypes.data % ALIGNMENT
    block = SPEC.view(memoryview(memory)[base : base + SPEC.nbytes])
    for name in fields_of(Block):
        assert getattr(block, name).ctypes.data % ALIGNMENT == 0, name


def test_what_is_cut_from_blocks_has_the_axes_that_its_fields_say():
    actions = ActionCodec(spaces.MultiDiscrete([3, 2]))
    blocks = [SPEC.allocate() for _ in range(2)]
    for number, block in enumerate(blocks):
        block.h0[:] = number + np.arange(2)[:, None, None]
    sequences = cut(join(blocks, CONFIG), CONFIG.seq_len)
    blank = blank_minibatch(5, actions, CONFIG)  # one minibatch is the whole rollout
    sizes = {"T": 3, "B": 12, "O": 5, "A": 2, "S": 7}
    for name, field in fields_of(Sequences).items():
        expected = field.shape(sizes)
        assert getattr(sequences, name).shape == getattr(blank, name).shape == expected, name
        assert getattr(sequences, name).dtype == getattr(blank, name).dtype == np.dtype(field.dtype or np.int32), name
    # Sequence s of environment b has number s * B + b; three environments belong to each actor.
    assert sequences.h0[:, 0].tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2]


def test_memory_of_another_size_is_no_block():
    with pytest.raises(ValueError, match="cannot lie in"):
        SPEC.view(memoryview(bytearray(SPEC.nbytes + 1)))
