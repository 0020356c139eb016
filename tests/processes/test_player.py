"""The player process: it plays on request, and whatever its environment does becomes a sentence here."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import psutil
import pytest
from snapshots import CONFIG, fitting, made_up_run
from support import wait_until

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.player import EpisodePlayer
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.snapshot import save_snapshot

pytestmark = [pytest.mark.processes, pytest.mark.side_by_side]
TESTS = str(Path(__file__).parents[1])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return made_up_run(tmp_path_factory.mktemp("player") / "run", (2, 4))


@pytest.fixture(autouse=True)
def _sample_envs_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    known = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", TESTS + (os.pathsep + known if known else ""))


def player_of(run: RunDirectory, env_id: str, snapshot: str | None = None) -> EpisodePlayer:
    return EpisodePlayer(run, CONFIG.model_copy(update={"env_id": f"sample_envs:{env_id}"}), snapshot)


def test_it_stays_and_plays_one_episode_after_the_other_with_the_newest_snapshot(run: RunDirectory) -> None:
    with player_of(run, "Pictured-v0") as player:
        pid = player._process.pid
        player.ask(0)
        assert player.busy
        first = player.wait()
        assert first.steps == 12 and first.frames.shape == (13, 40, 60, 3) and first.ending == "terminated"
        assert first.origin.snapshot == sorted(path.name for path in run.snapshots.iterdir())[-1]
        player.ask(1, "shut")
        second = player.wait()
        assert second.origin.episode == 1 and not second.c.any()
        assert not np.array_equal(first.observation, second.observation)
        newer = fitting(6)
        save_snapshot(run.snapshots, newer, newer.state["env_steps"])
        player.ask(0)
        again = player.wait()
        assert np.array_equal(again.observation[0], first.observation[0])
        assert again.origin.env_steps == newer.state["env_steps"] > first.origin.env_steps
    assert not psutil.pid_exists(pid)
    assert not player.alive
    player.close()


def test_an_environment_that_ends_its_process_is_a_sentence_with_its_last_words(run: RunDirectory) -> None:
    with player_of(run, "PicturedQuits-v0", str(max(run.snapshots.iterdir()))) as player:
        player.ask(0)
        with pytest.raises(UserError, match=r"exit code 7\. It printed last: the licence has run out") as caught:
            player.wait()
        assert caught.value.code == ExitCode.BAD_CONFIGURATION
        assert not player.alive and not player.busy
        player.ask(0)
        assert not player.busy


def test_an_environment_that_hangs_is_given_up(run: RunDirectory) -> None:
    with player_of(run, "PicturedHangs-v0") as player:
        player.ask(0)

        def plays() -> bool:
            player.poll(0.05)
            return "step" in player.doing

        wait_until(plays, 60, "it does not play")
        player._patience_s = 0.0
        with pytest.raises(UserError, match="did not come back from step"):
            player.wait()
        assert player._process.returncode is not None


def test_a_run_without_a_snapshot_is_refused_and_the_player_stays(tmp_path: Path) -> None:
    with player_of(made_up_run(tmp_path / "run", ()), "Pictured-v0") as player:
        player.ask(0)
        with pytest.raises(UserError, match="no good snapshot") as caught:
            player.wait()
        assert caught.value.code == ExitCode.BAD_DATA and player.alive
