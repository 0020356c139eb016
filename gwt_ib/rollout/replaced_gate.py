"""Episodes with the gate replaced: the same seeds and action noise, another gate, so that what the gate is worth shows.

A replacement is compared with the learned gate of the same weights, which is played first: `constant` is the mean of its
c, `shuffled` takes its c of other steps of the same episode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np

from gwt_ib.config import Config
from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.model import weights as layout
from gwt_ib.model.arrays import F32, Bool
from gwt_ib.model.weights import Weights
from gwt_ib.rollout.evaluation import Gate, Played, Returns, TooLong, play
from gwt_ib.rollout.policy import Policy
from gwt_ib.seeding import Stream, generator

OWN = -1.0
"""As `forced_c`: the agent's own gate."""
CHUNK = 64
"""Steps of a shuffled gate that are drawn at once."""
MOST_NOTED = 2**24
"""Gates that are noted of one wave; of longer episodes those of the first steps."""
ROUTER = "cell.router."
PRIOR = "prior"
"""The one replacement that is made of other weights, so that no other can lie beside it."""

ShouldStop = Callable[[], bool]


class LearnedGate:
    """The agent's own gate, noted: `c` and `td`, the |td_prev| that drove it, of each step of each episode."""

    def __init__(self) -> None:
        self.c: dict[int, F32] = {}
        self.td: dict[int, F32] = {}
        self._wave: Sequence[int] = ()
        self._noted: list[tuple[F32, F32]] = []
        self._lengths = np.zeros(0, np.int64)

    def begin(self, episodes: Sequence[int]) -> None:
        """Keep what was noted of the wave before."""
        self.end()
        self._wave, self._lengths = episodes, np.zeros(len(episodes), np.int64)

    def force(self, t: int, forced_c: F32) -> None:
        """It is the agent's own."""

    def before(self, t: int, td_prev: F32) -> None:
        """It is driven by what it is driven by."""

    def after(self, t: int, c: F32, td_prev: F32, running: Bool) -> None:
        """Note a step [B]."""
        if t * len(c) < MOST_NOTED:
            self._noted.append((c.copy(), np.abs(td_prev)))
            self._lengths += running

    def end(self) -> None:
        """No further step belongs to the wave."""
        if self._noted:
            c, td = (np.stack(column) for column in zip(*self._noted, strict=True))
            for row, (episode, length) in enumerate(zip(self._wave, self._lengths, strict=True)):
                self.c[episode], self.td[episode] = c[:length, row].copy(), td[:length, row].copy()
        self._noted = []

    @property
    def mean_c(self) -> float:
        """The mean gate over all steps."""
        return float(np.concatenate(list(self.c.values())).mean(dtype=np.float64))


class HeldGate(LearnedGate):
    """A gate that is the same number at every step, or at those of a window [start, end)."""

    def __init__(self, c: float, start: float = 0, end: float = inf) -> None:
        self._c, self._start, self._end = c, start, end

    def begin(self, episodes: Sequence[int]) -> None:
        """It knows no episodes."""

    def force(self, t: int, forced_c: F32) -> None:
        """Hold it, or leave it to the agent."""
        forced_c.fill(self._c if self._start <= t < self._end else OWN)

    def after(self, t: int, c: F32, td_prev: F32, running: Bool) -> None:
        """Nothing is noted."""


class ShuffledGate(HeldGate):
    """The learned gate of the same episode, its steps in another order; a longer episode draws them anew."""

    def __init__(self, learned: LearnedGate, seed: int) -> None:
        self._learned, self._seed = learned, seed

    def begin(self, episodes: Sequence[int]) -> None:
        """Each episode has an order of its own, which depends on nothing but the run's seed and its number."""
        nothing = np.full(1, OWN, np.float32)  # where an environment failed before the first step
        noted = [self._learned.c.get(episode, nothing) for episode in episodes]
        self._gates = [gates if len(gates) else nothing for gates in noted]
        self._streams = [generator(self._seed, Stream.GATE_SHUFFLE, episode) for episode in episodes]
        self._rest = [np.zeros(0, np.float32) for _ in episodes]

    def force(self, t: int, forced_c: F32) -> None:
        """The next gate of each order."""
        if t % CHUNK == 0:
            self._drawn = np.stack([self._draw(row) for row in range(len(self._gates))], axis=1)
        forced_c[:] = self._drawn[t % CHUNK]

    def _draw(self, row: int) -> F32:
        rest = self._rest[row]
        while len(rest) < CHUNK:
            rest = np.concatenate((rest, self._streams[row].permutation(self._gates[row])))
        self._rest[row] = rest[CHUNK:]
        return rest[:CHUNK]


class WithoutTd(HeldGate):
    """The agent's own gate, driven by td_prev = 0."""

    def __init__(self) -> None:
        super().__init__(OWN)

    def before(self, t: int, td_prev: F32) -> None:
        """There is no TD error."""
        td_prev.fill(0.0)


class SideBySide(HeldGate):
    """Several gates, each in the rows of its own episodes: one step of all costs less than a step of each."""

    def __init__(self, gates: Sequence[tuple[Gate, int]]) -> None:
        """Each gate, and how many rows it has."""
        ends = np.cumsum([size for _, size in gates]).tolist()
        self._gates = [(gate, slice(end - size, end)) for (gate, size), end in zip(gates, ends, strict=True)]

    def begin(self, episodes: Sequence[int]) -> None:
        """Share the rows out."""
        for gate, rows in self._gates:
            gate.begin(episodes[rows])

    def force(self, t: int, forced_c: F32) -> None:
        """What each says."""
        for gate, rows in self._gates:
            gate.force(t, forced_c[rows])

    def before(self, t: int, td_prev: F32) -> None:
        """What each does."""
        for gate, rows in self._gates:
            gate.before(t, td_prev[rows])


@dataclass(frozen=True)
class Replaced:
    """What some episodes came to with their gate replaced, by the word of each replacement; nothing where given up."""

    returns: dict[str, Returns] = field(default_factory=dict)
    """As long as an evaluation; None where an episode was not played, or failed."""
    steps: int = 0
    """Steps that were computed, also for what was given up."""
    longest: int = 0
    """Steps of the longest episode."""


class GatePlayer:
    """Plays evaluation episodes of one version of the weights, with its learned gate first, then with others."""

    def __init__(
        self, policy: Policy, config: Config, envs: EnvBatch, weights: Weights, should_stop: ShouldStop = lambda: False
    ) -> None:
        """`envs` comes from `evaluation_envs`; `policy` gets the weights."""
        self._policy, self._config, self._envs, self.weights = policy, config, envs, weights
        self._should_stop = should_stop
        self.gate = LearnedGate()
        """What the learned gate was."""
        self.learned = self._play(range(config.eval_episodes), self.gate)
        """What the episodes came to with the learned gate."""
        self.gate.end()

    def replaced(self, words: Sequence[str], episodes: Sequence[int], most_steps: float = inf) -> Replaced:
        """Play some episodes with each of some replacements; all are given up where that costs more than `most_steps`.

        Raises `EpisodeError` and `EvaluationStopped`, as `evaluate`.
        """
        found: dict[str, Returns] = {word: [None] * self._config.eval_episodes for word in words}
        steps, longest = 0, 0
        together = [(word, episode) for word in words if word != PRIOR for episode in episodes]
        alone = [(word, episode) for word in words if word == PRIOR for episode in episodes]
        for rows in (*_in_parts(together, self._envs.made), *_in_parts(alone, self._envs.made)):
            try:
                played = self._play_rows(rows, most_steps - steps)
            except TooLong:
                return Replaced({}, int(most_steps))
            steps, longest = steps + played.steps, max(longest, played.longest)
            for (word, episode), value in zip(rows, played.returns, strict=True):
                found[word][episode] = value
        return Replaced(found, steps, longest)

    def play(self, word: str, episodes: Sequence[int]) -> Played:
        """Play some episodes with one replacement."""
        return self._play_rows([(word, episode) for episode in episodes], inf)

    def within(self, c: float, start: int, end: int, episodes: Sequence[int]) -> Played:
        """Play some episodes whose gate is `c` from step `start` up to `end` alone."""
        return self._play(episodes, HeldGate(c, start, end))

    def _play_rows(self, rows: Sequence[tuple[str, int]], most_steps: float) -> Played:
        """Play episodes, each with its replacement; those of a word lie side by side, and `prior` is alone."""
        counts = Counter(word for word, _ in rows)
        gates = [(self._gate(word), count) for word, count in counts.items()]
        gate = gates[0][0] if len(gates) == 1 else SideBySide(gates)
        vector = without_router(self.weights.vector, self._envs, self._config) if PRIOR in counts else None
        return self._play([episode for _, episode in rows], gate, most_steps, vector)

    def _gate(self, word: str) -> Gate:
        if word == "shuffled":
            return ShuffledGate(self.gate, self._config.seed)
        if word == "no-td":
            return WithoutTd()
        if word == PRIOR:
            return HeldGate(OWN)
        return HeldGate({"open": 1.0, "shut": 0.0, "constant": self.gate.mean_c}[word])

    def _play(self, episodes: Sequence[int], gate: Gate, most_steps: float = inf, vector: F32 | None = None) -> Played:
        self._policy.write(self.weights.vector if vector is None else vector)
        td = self.weights.td_mean, self.weights.td_std
        return play(
            self._policy,
            td,
            self._config,
            self._envs,
            episodes,
            gate,
            should_stop=self._should_stop,
            most_steps=most_steps,
        )


def _in_parts(rows: Sequence[tuple[str, int]], size: int) -> list[Sequence[tuple[str, int]]]:
    """Rows in parts of at most that many."""
    return [rows[first : first + size] for first in range(0, len(rows), size)]


def without_router(vector: F32, envs: EnvBatch, config: Config) -> F32:
    """The weights of the agent whose router adds nothing to the prior."""
    changed = vector.copy()
    shapes = layout.parameter_shapes(envs.observation_size, envs.actions, config)
    for name, weights in layout.views(changed, shapes).items():
        if name.startswith(ROUTER):
            weights[...] = 0.0
    return changed
