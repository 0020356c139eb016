"""An actor process: pull weights, collect a block, push it, until the run is over.

Started by the trainer as `python -m gwt_ib.processes.actor`; what it prints goes to `logs/actor-N.log`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from gwt_ib.channel.shared_memory import (
    ActorPipes,
    Counters,
    LocalActorChannel,
    MemoryLayout,
    wait_for_environments,
    wait_for_version,
)
from gwt_ib.config import Config
from gwt_ib.envs.check import MOVED
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.errors import UserError
from gwt_ib.log import LOGGER, start_log
from gwt_ib.processes.children import die_with_parent, leave
from gwt_ib.processes.reports import Reports
from gwt_ib.rollout.collect import Collector, Progress
from gwt_ib.rollout.open_episodes import Carried
from gwt_ib.rollout.policy import Policy, make_policy
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.incidents import record_incident


def run_actor(
    run: RunDirectory, config: Config, actor: int, generation: int, memory: int, pipes: ActorPipes, reports: Reports
) -> None:
    """Work as actor number `actor` on the shared memory behind the descriptor `memory`."""
    first = actor * config.envs_per_actor
    mine = slice(first, first + config.envs_per_actor)
    LOGGER.info(
        "pid %d steps environments %d to %d of %s, one thread", os.getpid(), first, mine.stop - 1, config.env_id
    )
    spec = run.read_environment()
    policy = make_policy(spec.observation_size, spec.actions, config)
    policy.prepare()  # the learner comes up meanwhile
    counters = Counters.open(memory, config)
    going_on, carried = wait_for_environments(counters, actor, generation, pipes)
    if not going_on or not wait_for_version(counters, 0, pipes):
        return
    layout = MemoryLayout(spec.observation_size, spec.actions, config)
    channel = LocalActorChannel(layout, memory, actor, pipes)

    def report_failure(error: EpisodeError) -> None:
        path = record_incident(run, config, error, actor)
        LOGGER.warning("%s; the incident is %s", error, path, exc_info=error)
        reports.send("environment_failed", str(error), actor=actor, path=str(path or ""))

    unsaid = [MOVED] if MOVED not in spec.notes else []

    def say_what_was_moved() -> None:
        if unsaid and collector.envs.clipped:
            reports.send("warning", unsaid.pop())

    steps = counters.env_steps[actor : actor + 1]
    progress = Progress(steps, counters.episodes[mine], counters.actor_word(actor))
    try:
        collector = Collector(
            config, actor, policy, counters.episodes[mine] + 1, progress, carried, report_failure, spec
        )
        _say_what_is_new(carried, collector, reports, first, actor)
        newest = counters.header[Counters.VERSION]
        LOGGER.info("begins with block %d; the newest policy is version %d", channel.number, newest)
        collect_blocks(channel, collector, policy, channel.number, say_what_was_moved)
        LOGGER.info("ends after block %d: the run is over", channel.number - 1)
        collector.close()
    except EpisodeError as error:
        report_failure(error)
        raise
    except UserError as error:  # no other process would fare better
        reports.send("cannot_go_on", error.message, actor=actor, code=int(error.code))
        raise


def collect_blocks(
    channel: LocalActorChannel, collector: Collector, policy: Policy, number: int, after: Callable[[], None]
) -> None:
    """The actor's loop, from block `number` on; `after` is called after each."""
    done = time.monotonic()
    while (weights := channel.pull()) is not None:
        began = time.monotonic()
        waited_s = began - done
        policy.write(weights.vector)
        block = channel.next_block()
        collector.collect(block, number, weights.version, weights.td_mean, weights.td_std, waited_s)
        channel.push()
        after()
        done = time.monotonic()
        LOGGER.debug(
            "block %d with version %d: waited %.3f s, collected in %.3f s",
            number, weights.version, waited_s, done - began,
        )  # fmt: skip
        number += 1


def _say_what_is_new(carried: Carried | None, collector: Collector, reports: Reports, first: int, actor: int) -> None:
    """Which environments could not go on where they stopped."""
    if carried is None or collector.replayed.all():
        return
    numbers = [str(first + i) for i, replayed in enumerate(collector.replayed.tolist()) if not replayed]
    which = f"{', '.join(numbers[:8])}{', …' if len(numbers) > 8 else ''}"
    sentence = f"environments that did not play their episode again begin a new one: {which}"
    LOGGER.warning(sentence)
    reports.send("not_restored", sentence, actor=actor)


def main(arguments: list[str]) -> None:
    """Entry of the process."""
    parser = argparse.ArgumentParser(prog="gwt_ib.processes.actor")
    parser.add_argument("--run", type=Path, required=True)
    for name in ("trainer", "actor", "generation", "memory", "wake", "blocks", "alive", "handover", "reports"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args(arguments)
    die_with_parent(given.trainer)
    run = RunDirectory(given.run)
    config = run.read_config()
    start_log(f"actor-{given.actor}", config.log_level)
    pipes = ActorPipes(given.wake, given.blocks, given.alive, given.handover)
    run_actor(run, config, given.actor, given.generation, given.memory, pipes, Reports(given.reports))


if __name__ == "__main__":
    main(sys.argv[1:])
    leave()
