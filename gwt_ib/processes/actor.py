"""An actor process: pull weights, collect a block, push it, until the run is over.

Started by the trainer as `python -m gwt_ib.processes.actor`; what it prints goes to `logs/actor-N.log`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from pathlib import Path

from gwt_ib.channel.shared_memory import ActorPipes, Counters, LocalActorChannel, MemoryLayout, wait_for_version
from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.durable import write_json
from gwt_ib.envs.env_batch import EpisodeError
from gwt_ib.envs.make import check_environment
from gwt_ib.log import LOGGER, start_log
from gwt_ib.processes.children import die_with_parent
from gwt_ib.rollout.collect import Collector, Progress
from gwt_ib.rollout.policy import Policy, make_policy
from gwt_ib.runs.directory import RunDirectory


def run_actor(config: Config, actor: int, memory: int, pipes: ActorPipes) -> None:
    """Work as actor number `actor` on the shared memory behind the descriptor `memory`."""
    first = actor * config.envs_per_actor
    mine = slice(first, first + config.envs_per_actor)
    LOGGER.info(
        "pid %d steps environments %d to %d of %s, one thread", os.getpid(), first, mine.stop - 1, config.env_id
    )
    spec = check_environment(config)
    policy = make_policy(spec.observation_size, spec.actions, config)
    policy.prepare()  # the learner comes up meanwhile
    counters = Counters.open(memory, config)
    if not wait_for_version(counters, 0, pipes):
        return
    layout = MemoryLayout(spec.observation_size, spec.actions, config)
    channel = LocalActorChannel(layout, memory, actor, pipes)
    progress = Progress(counters.env_steps[actor : actor + 1], counters.episodes[mine])
    collector = Collector(config, actor, policy, counters.episodes[mine] + 1, progress)
    LOGGER.info(
        "begins with block %d; the newest policy is version %d", channel.number, counters.header[Counters.VERSION]
    )
    collect_blocks(channel, collector, policy, channel.number)
    LOGGER.info("ends after block %d: the run is over", channel.number - 1)
    collector.close()


def collect_blocks(channel: LocalActorChannel, collector: Collector, policy: Policy, number: int) -> None:
    """The actor's loop, from block `number` on."""
    done = time.monotonic()
    while (weights := channel.pull()) is not None:
        began = time.monotonic()
        waited_s = began - done
        policy.write(weights.vector)
        block = channel.next_block()
        collector.collect(block, number, weights.version, weights.td_mean, weights.td_std, waited_s)
        channel.push()
        done = time.monotonic()
        LOGGER.debug(
            "block %d with version %d: waited %.3f s, collected in %.3f s",
            number, weights.version, waited_s, done - began,
        )  # fmt: skip
        number += 1


def main(arguments: list[str]) -> None:
    """Entry of the process."""
    parser = argparse.ArgumentParser(prog="gwt_ib.processes.actor")
    parser.add_argument("--run", type=Path, required=True)
    for name in ("trainer", "actor", "memory", "wake", "blocks", "alive"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args(arguments)
    die_with_parent(given.trainer)
    run = RunDirectory(given.run)
    config = run.read_config()
    start_log(f"actor-{given.actor}", config.log_level)
    try:
        run_actor(config, given.actor, given.memory, ActorPipes(given.wake, given.blocks, given.alive))
    except EpisodeError as error:
        # What is needed to see the fault again: the episode's seed and its action rows.
        incident = {
            "time": utc_now(),
            "actor": given.actor,
            **vars(error),
            "traceback": traceback.format_exception(error),
        }
        path = run.incidents / f"actor-{given.actor}-episode-{error.env_number}-{error.episode}.json"
        write_json(path, incident)
        LOGGER.error("seed and actions of the episode that failed are in %s", path)
        raise


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # what numba and torch clean up at exit takes longer than everything that is left to do
