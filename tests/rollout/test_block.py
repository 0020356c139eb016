"""The layout of a block in memory."""

from dataclasses import fields

import numpy as np

from gwt_ib.rollout.block import ALIGNMENT, Block, BlockSpec

SPEC = BlockSpec(steps=6, envs=3, sequences=2, observation_size=5, action_width=2, action_dtype=np.int32, hidden_size=7)


def test_arrays_have_their_shapes_and_share_no_byte():
    memory = bytearray(SPEC.nbytes)
    block = SPEC.view(memoryview(memory))
    assert block.observation.shape == (6, 3, 5)
    assert block.h0.shape == (2, 3, 7)
    assert block.action.dtype == np.int32
    names = [field.name for field in fields(Block)]
    for number, name in enumerate(names, start=1):
        getattr(block, name)[...] = number % 2 if getattr(block, name).dtype == bool else number
    for number, name in enumerate(names, start=1):
        expected = number % 2 if getattr(block, name).dtype == bool else number
        assert (getattr(block, name) == expected).all(), name


def test_arrays_start_on_cache_lines():
    memory = np.zeros(SPEC.nbytes + ALIGNMENT, np.uint8)
    base = -memory.ctypes.data % ALIGNMENT
    block = SPEC.view(memoryview(memory)[base : base + SPEC.nbytes])
    for field in fields(Block):
        assert getattr(block, field.name).ctypes.data % ALIGNMENT == 0, field.name
