"""The serial kind: the learner's process steps the environments itself, so there is nobody to supervise."""

from __future__ import annotations

from gwt_ib.channel.serial import SerialChannel
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.log import LOGGER
from gwt_ib.processes.children import Child
from gwt_ib.processes.kinds.seam import ChannelKind, LearnerSide, Shared
from gwt_ib.rollout.policy import make_policy
from gwt_ib.runs.incidents import record_incident
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.record import ActorRecord


class NoActors:
    """An `ActorGroup` of none."""

    used_up = ""
    waiting = ""

    def __init__(self, shared: Shared) -> None:
        self.learner_options: list[str] = []
        self.learner_descriptors: list[int] = []
        self.logs: list[str] = []
        self.children: list[Child] = []

    def start(self) -> None:
        """Nothing to start."""

    def tend(self) -> list[Record]:
        """Nothing happens."""
        return []

    def first_death(self) -> str:
        """Nobody dies."""
        return ""

    def describe(self) -> tuple[ActorRecord, ...]:
        """Nobody."""
        return ()

    def cluster(self) -> None:
        """On this machine."""

    def wake(self) -> None:
        """Nobody sleeps."""


def make_channel(side: LearnerSide) -> SerialChannel:
    """Both sides of the channel, with the environments as they stood."""
    training, config = side.training, side.config

    def report_failure(error: EpisodeError) -> None:
        path = record_incident(side.run, config, error)
        LOGGER.warning("%s; the incident is %s", error, path, exc_info=error)
        training.recorder.event(training.update, "environment_failed", message=str(error), path=str(path or ""))

    policy = make_policy(side.spec.observation_size, side.spec.actions, config)
    policy.prepare(training.beat)
    channel = SerialChannel(
        config, policy, training.open_episodes, training.update, report_failure, side.counters.learner_word
    )
    if channel.not_restored:
        sentence = f"{channel.not_restored} environment(s) did not play their episode again and begin a new one"
        side.tell_trainer({"kind": "not_restored", "message": sentence})
    return channel


SERIAL = ChannelKind(NoActors, make_channel)
