"""The table of known ceilings."""

from __future__ import annotations

import gymnasium
import pytest

from gwt_ib.gatecheck.ceilings import CEILINGS, known_ceiling


def test_every_id_is_registered():
    pytest.importorskip("popgym")
    registered = set(gymnasium.registry)
    without_mazes = {env_id for env_id in CEILINGS if "Labyrinth" not in env_id}
    assert without_mazes <= registered


def test_44_of_the_48_ids_have_a_ceiling_with_a_source():
    assert len(CEILINGS) == 44
    for known in CEILINGS.values():
        assert -1.0 <= known.value <= 1.0
        assert 0.0 < known.tolerance <= 0.1
        assert known.source.startswith(("exact: ", "measured: "))


def test_values_of_some_tasks():
    assert CEILINGS["popgym-CountRecallEasy-v0"].value == 1.0
    assert CEILINGS["popgym-MultiarmedBanditHard-v0"].value == 0.774
    assert CEILINGS["popgym-VelocityOnlyCartpoleEasy-v0"].value == 1.0
    for env_id in ("popgym-MineSweeperHard-v0", "popgym-LabyrinthExploreEasy-v0", "CartPole-v1", "", ":"):
        assert known_ceiling(env_id) is None


def test_a_module_before_the_id_does_not_matter():
    assert known_ceiling("popgym:popgym-CountRecallEasy-v0") is CEILINGS["popgym-CountRecallEasy-v0"]


def test_the_best_play_without_memory_is_not_at_the_ceiling():
    for level, memoryless in (("Easy", 0.499), ("Medium", 0.497), ("Hard", 0.497)):
        assert not CEILINGS[f"popgym-HigherLower{level}-v0"].reached(memoryless)


def test_the_tolerance_is_below_the_ceiling():
    known = CEILINGS["popgym-RepeatPreviousEasy-v0"]
    assert known.reached(0.96)
    assert known.reached(1.0)
    assert not known.reached(0.94)
