"""Other projects on the same work, each in its own virtual environment, alternating with ours, as ratios.

    .venv/bin/python benchmarks/peers [PEER]… [--rounds 3] [--steps 200000] [--threads best] [--json]

Each round runs, for every peer, ours and the peer one directly after the other; which goes first changes from round to
round. A speed is that of the updates after the first tenth, all processes included; "with start" is the ratio of the whole
commands, imports and compilation included. Names of peers: `--list`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from environments import python_of
from pairs import figures, table
from runs import PEERS, Peer, Result, run_ours, run_peer
from work import Work

from gwt_ib.machine import machine_facts, usable_cores

TRIAL_UPDATES = 12
"""Length of the runs that choose a number of threads."""


def say(words: str) -> None:
    """Progress, beside the results."""
    sys.stderr.write(f"{words}\n")


def main() -> None:
    """Install what is missing, run the rounds, write the table or JSON."""
    given = _arguments()
    peers = [PEERS[name] for name in given.peers or PEERS]
    if given.list:
        sys.stdout.write("".join(f"{peer.name:<16}{peer.title}\n" for peer in PEERS.values()))
        return
    for peer in peers:
        python_of(peer.environment)
    if given.install_only:
        return
    work = Work(env_id=given.env_id, steps=given.steps, envs=given.envs, seed=given.seed)
    works = {peer.name: _choose_threads(peer, work, given) for peer in peers}
    pairs: dict[str, list[tuple[Result, Result]]] = {peer.name: [] for peer in peers}
    for number in range(given.rounds):
        for peer in peers:
            pairs[peer.name].append(_pair(peer, works[peer.name], number, given))
    lines = {PEERS[name].title: figures(runs) for name, runs in pairs.items()}
    if given.json:
        document = {"machine": machine(), "work": vars(work), "peers": lines, "runs": pairs}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return
    sys.stdout.write(_heading(work, given, pairs) + table(lines))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", nargs="*", metavar="PEER", help="all, if none is named")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=Work.steps, help="environment steps of a run")
    parser.add_argument("--envs", type=int, default=Work.envs)
    parser.add_argument("--env-id", default=Work.env_id)
    parser.add_argument("--seed", type=int, default=Work.seed, help="of the first round; the next has the next")
    parser.add_argument("--threads", default="1", metavar="N|best", help="torch threads a process, of each peer")
    parser.add_argument("--workers", type=int, default=0, help="worker processes, where a peer has any")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="a setting of ours")
    parser.add_argument("--limit", type=float, default=1800, metavar="SECONDS", help="a run is ended after this")
    parser.add_argument("--install-only", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--json", action="store_true", help="every number of every run")
    given = parser.parse_args()
    unknown = [name for name in given.peers if name not in PEERS]
    if unknown:
        parser.error(f"no peer is called {unknown[0]!r}; there are {', '.join(PEERS)}")
    return given


def _choose_threads(peer: Peer, work: Work, given: argparse.Namespace) -> Work:
    """The work with the threads that were asked for, or with the fastest number of 1 and one a core."""
    work = replace(work, workers=given.workers)
    if given.threads != "best":
        return replace(work, threads=int(given.threads))
    speeds = {}
    for threads in sorted({1, usable_cores()}):
        trial = replace(work, threads=threads, steps=min(work.steps, TRIAL_UPDATES * work.batch))
        speeds[threads] = run_peer(peer, trial, given.limit)["steps_per_s"]
        say(f"trial    {peer.name:<16}{speeds[threads]:>9,.0f} steps/s with {threads} thread(s)")
    return replace(work, threads=max(speeds, key=speeds.__getitem__))


def _pair(peer: Peer, work: Work, number: int, given: argparse.Namespace) -> tuple[Result, Result]:
    """Ours and the peer's, in an order that changes from round to round."""
    work = replace(work, seed=work.seed + number)
    results: dict[bool, Result] = {}
    for ours in (False, True) if number % 2 else (True, False):
        load = os.getloadavg()[0]
        results[ours] = run_ours(work, given.set, given.limit) if ours else run_peer(peer, work, given.limit)
        name = "ours" if ours else peer.name
        say(f"round {number + 1}  {name:<16}{results[ours]['steps_per_s']:>9,.0f} steps/s (load {load:.1f})")
    return results[True], results[False]


def machine() -> dict[str, Any]:
    """What the figures were measured on, and the commit of ours."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    return {**machine_facts(), "commit": commit.stdout.strip()}


def _heading(work: Work, given: argparse.Namespace, pairs: dict[str, list[tuple[Result, Result]]]) -> str:
    facts = machine()
    first = next(iter(pairs.values()))[0]
    lines = [
        f"{facts['cpu']}, {facts['cores']} cores, Python {facts['python']}, commit {facts['commit']}",
        f"{work.env_id}, {work.envs} environments, {work.steps:,} steps, {given.rounds} round(s); "
        f"the first {first[0]['warm_up']} of {first[0]['updates']} updates left out",
        f"ours: {first[0]['threads']}; settings: {' '.join(given.set) or 'defaults'}",
    ]
    for name, runs in pairs.items():
        versions = " ".join(f"{library} {version}" for library, version in runs[0][1]["versions"].items())
        lines.append(f"{name}: {versions}")
    return "\n".join(lines) + "\n\n"


if __name__ == "__main__":
    main()
