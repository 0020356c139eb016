"""The layout of a block in memory."""

import numpy as np
from gymnasium import spaces
from support import small_config

from gwt_ib.envs.actions import ActionCodec
from gwt_ib.model.arrays import fields_of
from gwt_ib.model.experience import ALIGNMENT, Block, BlockSpec

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
