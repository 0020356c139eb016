from __future__ import annotations

import gc

import pytest

from gwt_ib_tui.garbage import THRESHOLDS, leave_out_what_exists, no_garbage_collection


def test_no_collection_meanwhile_and_again_afterwards() -> None:
    with pytest.raises(KeyError), no_garbage_collection():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()


def test_what_is_there_is_spared() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    there: list[object] = []
    try:
        leave_out_what_exists()
        assert gc.get_freeze_count() > frozen
        assert all(one is not there for one in gc.get_objects())
        assert gc.get_threshold() == THRESHOLDS
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
