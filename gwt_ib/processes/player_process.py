"""The player process: plays single episodes with a run's snapshot for whoever watches, one request after the other.

Started by `processes.player` as `python -m gwt_ib.processes.player_process`. A request is `{"number", "episode",
"gate"}`. On the way to an answer it says what it calls, `{"stage": …}`, and the number of the step that it is at is the
first word of the memory that both sides share. The answer has the same number, and either `refused` with a `code`, or
`bytes`: so many lie behind that word, as safetensors, and `description` is what is no array. It dies with its parent, and
ends when the other end of its socket is closed.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from gwt_ib.config import Config
from gwt_ib.durable import write_all
from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.envs.pictures import Pictures
from gwt_ib.errors import ExitCode, UserError, message_of
from gwt_ib.model import weights as layout
from gwt_ib.processes.children import die_with_parent, leave
from gwt_ib.processes.link import Link, Message
from gwt_ib.rollout.policy import Policy, make_policy
from gwt_ib.rollout.recorded_episode import RecordedEpisode
from gwt_ib.rollout.recording import Player
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.snapshot import BadSnapshotError, Snapshot, load_snapshot
from gwt_ib.runs.snapshot_fit import agent_problem
from gwt_ib.runs.snapshot_store import newest_good_snapshot
from gwt_ib.seeding import Stream
from gwt_ib.text import plain

SEND_S = 5.0
"""How long an answer may take to be taken."""
SAYING_S = 0.2
WORD = struct.Struct("q")
"""The number of a step, at the start of the memory."""


class PlayerProcess:
    """Answers requests; the environment and the policy are made for the first one."""

    def __init__(self, link: Link, memory: int, run: RunDirectory, config: Config, snapshot: str | None) -> None:
        """`memory` is the descriptor that answers are written to; `snapshot` a path, none is the newest at each request."""
        self._link, self._memory, self._run, self._config, self._named = link, memory, run, config, snapshot
        self._pictures = Pictures()
        self._envs: EnvBatch | None = None
        self._policy: Policy | None = None
        self._said = 0.0

    def serve(self) -> None:
        """Answer until the other end is closed."""
        while not self._link.closed:
            for request in self._link.receive(None):
                self._link.send({"number": request.get("number"), **self._answer(request)})
                self._link.flush(SEND_S)

    def _answer(self, request: Message) -> dict[str, Any]:
        try:
            recorded = self._play(int(request["episode"]), str(request["gate"]))
        except UserError as error:
            return {"refused": error.message, "code": int(error.code)}
        except EpisodeError as error:
            return {"refused": f"The episode failed: {plain(error)}.", "code": int(ExitCode.BAD_CONFIGURATION)}
        except BaseException as error:  # noqa: BLE001 - user code may raise anything, SystemExit too
            traceback.print_exc()
            words = f"{type(error).__name__}: {message_of(error)}".removesuffix(": ")
            return {"refused": f"The episode failed with {plain(words)}.", "code": int(ExitCode.BUG)}
        from safetensors.numpy import save

        data = save(recorded.tensors())
        os.ftruncate(self._memory, WORD.size)
        os.lseek(self._memory, WORD.size, os.SEEK_SET)
        write_all(self._memory, data)
        return {"bytes": len(data), "description": recorded.description()}

    def _play(self, episode: int, gate: str) -> RecordedEpisode:
        self._stage("the snapshot")
        self._snapshot(None)  # that there is none is said before an environment is made
        if self._envs is None:
            self._stage("the environment's constructor")
            self._envs = EnvBatch(
                self._config,
                stream=Stream.EVALUATION_EPISODE,
                env_numbers=[0],
                first_episodes=[0],
                make=self._pictures.make,
            )
        envs, config = self._envs, self._config
        path, snapshot = self._snapshot(envs)
        state = snapshot.state
        if self._policy is None:
            self._stage("the policy")
            self._policy = make_policy(envs.observation_size, envs.actions, config)
            self._policy.prepare(self._beat)
        shapes = layout.parameter_shapes(envs.observation_size, envs.actions, config)
        td_mean, td_std = float(state["td_mean"]), float(state["td_std"])
        weights = layout.Weights(state["update"], layout.joined(snapshot.model, shapes), td_mean, td_std)
        env_steps = int(state.get("env_steps", state["update"] * config.steps_per_update))
        name = path.name if path.parent == self._run.snapshots else str(path)
        self._stage("the environment")
        player = Player(self._policy, weights, config, envs, self._pictures, name, env_steps, self._at)
        return player.play(episode, gate)

    def _snapshot(self, envs: EnvBatch | None) -> tuple[Path, Snapshot]:
        """The one to play with, for this environment where it is known. Raises `UserError`."""

        def problem(found: Snapshot) -> str:
            return "" if envs is None else agent_problem(found, self._config, envs.observation_size, envs.actions)

        if self._named is None:
            path, snapshot, _ = newest_good_snapshot(self._run.snapshot_folders(self._config.rescue_dir), problem)
            return path, snapshot
        path = Path(self._named)
        try:
            snapshot = load_snapshot(path)
        except BadSnapshotError as error:
            raise UserError(f"{plain(error)}.", ExitCode.BAD_DATA) from None
        if words := problem(snapshot):
            raise UserError(f"{path} does not fit this run: {words}.", ExitCode.BAD_DATA)
        return path, snapshot

    def _stage(self, words: str) -> None:
        self._said = time.monotonic()
        self._link.send({"stage": words})

    def _beat(self) -> None:
        """It still compiles: said now and then."""
        if time.monotonic() - self._said >= SAYING_S:
            self._stage("the policy")

    def _at(self, step: int) -> None:
        """Leave word which step is made next, for whoever looks."""
        os.pwrite(self._memory, WORD.pack(step), 0)


def main(arguments: list[str]) -> None:
    """Entry of the process: the parent's process id, then descriptors of the question, the socket and the memory."""
    parent, question, connection, memory = map(int, arguments)
    die_with_parent(parent)
    with os.fdopen(question, "rb") as file:
        asked = json.load(file)
    for descriptor in (connection, memory):
        os.set_inheritable(descriptor, False)
    link = Link(socket.socket(fileno=connection))
    PlayerProcess(link, memory, RunDirectory(Path(asked["run"])), Config(**asked["config"]), asked["snapshot"]).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
    leave()
