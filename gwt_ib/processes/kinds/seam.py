"""What a kind of channel has to be: the actors as the trainer supervises them, and the channel as the learner uses it.

What crosses the channel holds on another machine: a `Config`, an `EnvironmentSpec`, `Weights`, a `Block`, `Carried`
episodes and durations. Descriptors, process ids, paths and the clock of one machine stay on their side of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from os import close
from typing import TYPE_CHECKING, Protocol

from gwt_ib.channel import LearnerChannel
from gwt_ib.channel.shared_memory import Counters
from gwt_ib.config import Config
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.processes.children import Child, start_child
from gwt_ib.processes.link import Message
from gwt_ib.processes.watch import RestartBudget
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.record import ActorRecord, ClusterRecord

if TYPE_CHECKING:
    from gwt_ib.training.loop import Training  # loads torch, which the trainer does without


@dataclass
class Shared:
    """What the trainer shares with the actors of a run, of whatever kind; descriptors are closed with `resources`."""

    run: RunDirectory
    config: Config
    spec: EnvironmentSpec
    counters: Counters
    memory: int
    alive: int  # ends with the trainer
    reports: int  # what actors have to say beside their work
    mark: str
    budgets: Sequence[RestartBudget]
    resources: ExitStack = field(default_factory=ExitStack)
    tell_learner: Callable[[Message], None] = lambda message: None

    def keep(self, descriptor: int) -> int:
        """Have a descriptor closed at the end."""
        self.resources.callback(close, descriptor)
        return descriptor

    def start_child(self, name: str, module: str, arguments: list[str], descriptors: list[int]) -> Child:
        """Start a process of the run. Raises `OSError`."""
        return start_child(self.run, name, module, arguments, descriptors, self.mark)


class ActorGroup(Protocol):
    """All actors of a run, supervised by the trainer."""

    used_up: str
    """Why the run cannot go on, in a sentence, once an actor has died too often."""
    waiting: str
    """Why actors have no place at the moment, in a sentence; the run stands still."""

    @property
    def learner_options(self) -> list[str]:
        """What the learner's side has to know, as arguments of its process."""

    @property
    def learner_descriptors(self) -> list[int]:
        """Which descriptors it inherits for that."""

    def start(self) -> None:
        """Start every actor. Raises `OSError`."""

    def tend(self) -> list[Record]:
        """Kill what hangs, replace what has died; the events to record."""

    def first_death(self) -> str:
        """How the first actor that died ended, in a sentence; empty while all are well."""

    def describe(self) -> tuple[ActorRecord, ...]:
        """Each actor for `run.json`; speeds over the last seconds."""

    def cluster(self) -> ClusterRecord | None:
        """The machines that the actors are on; None where that is this one."""

    @property
    def logs(self) -> list[str]:
        """The names of the processes that log."""

    def wake(self) -> None:
        """Let every actor see that the run is over."""

    @property
    def children(self) -> list[Child]:
        """The processes on this machine, to be ended."""


@dataclass(frozen=True)
class LearnerSide:
    """What the learner's process gives to its side of the channel."""

    run: RunDirectory
    config: Config
    spec: EnvironmentSpec
    training: Training
    counters: Counters
    given: argparse.Namespace
    control: int  # readable when the trainer has something to say
    tell_trainer: Callable[[Message], None]


@dataclass(frozen=True)
class ChannelKind:
    """A kind: how its two sides are made."""

    actors: Callable[[Shared], ActorGroup]
    channel: Callable[[LearnerSide], LearnerChannel]


def options(**numbers: int) -> list[str]:
    """Numbers as arguments of a process."""
    return [text for name, number in numbers.items() for text in (f"--{name}", str(number))]
