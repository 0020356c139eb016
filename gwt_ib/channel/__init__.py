"""The seam between actors and learner: sequences one way, weights the other (docs/architecture.md, "The channel").

Two verbs on each side. An actor pulls weights and pushes blocks; the learner publishes weights and takes blocks. One rule
keeps them in step, whatever carries the data: an actor may begin its block number n once version `n - max_policy_lag` is
published. With a lag of 0 update n learns from block n, collected by version n. The same rule says when a slot is free
again, without a message, and where an actor that replaces a dead one goes on: at the number of blocks pushed so far.

Two kinds: `serial` in one process, `shared_memory` between several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gwt_ib.model.experience import Block
from gwt_ib.model.weights import Weights
from gwt_ib.rollout.open_episodes import Carried


class LearnerChannel(Protocol):
    """The side of the learner."""

    def publish(self, weights: Weights) -> None:
        """Make a version available to every actor."""

    def take(self) -> Sequence[Block] | None:
        """Wait for the next block of every actor; in the order of the actors, valid until the next `publish`.

        None when something other than a block came in first: a request to the learner, or the end of the run.
        """

    def hand_over(self, actor: int, generation: int, carried: Carried | None) -> bool:
        """Give a new process of an actor its environments, as they stood after the newest block that was taken.

        None: it begins new episodes. False where a block of the process before it is still to be taken; ask again then.
        """

    def close(self) -> None:
        """Tell the actors that the run is over."""
