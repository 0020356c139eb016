"""Playing one evaluation episode and writing everything down, with the steps, seeds and action noise of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gwt_ib.config import Config
from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.envs.observation_parts import parts_of
from gwt_ib.envs.pictures import Pictures
from gwt_ib.model import weights as layout
from gwt_ib.model.arrays import F32
from gwt_ib.model.td import td_error
from gwt_ib.model.weights import Weights
from gwt_ib.replacements import LEARNED
from gwt_ib.rollout.env_loop import EnvLoop, action_noise
from gwt_ib.rollout.evaluation import NOISE_STEPS, Gate, InItsPlace
from gwt_ib.rollout.policy import Policy
from gwt_ib.rollout.recorded_episode import EpisodeOrigin, RecordedEpisode
from gwt_ib.rollout.replaced_gate import OWN, PRIOR, HeldGate, LearnedGate, ShuffledGate, WithoutTd, without_router
from gwt_ib.seeding import Stream, generator

MOST_STEPS = 10_000
MOST_NUMBERS = 2**24
"""Of all observations of an episode: of very large ones fewer steps are recorded."""


@dataclass(frozen=True, eq=False)
class Player:
    """What plays episodes: a policy with the weights of one snapshot, and one environment with its pictures."""

    policy: Policy
    weights: Weights
    config: Config
    envs: EnvBatch
    pictures: Pictures
    snapshot: str = ""
    env_steps: int = 0
    progress: Callable[[int], None] = lambda step: None
    """Told before each step."""

    def play(self, episode: int, gate: str = LEARNED) -> RecordedEpisode:
        """Play evaluation episode `episode` with a gate by its word; it is the same every time.

        `constant` is the mean of the gate that the agent had in this episode, and `shuffled` takes its gates in another
        order: it is played with its own gate first. Raises `EpisodeError` where not even its first step could be made.
        """
        vector = self.weights.vector
        self.policy.write(without_router(vector, self.envs, self.config) if gate == PRIOR else vector)
        return self._recorded(episode, gate, self._gate(episode, gate))

    def _gate(self, episode: int, word: str) -> Gate:
        if word in ("constant", "shuffled"):
            learned = LearnedGate()
            self._recorded(episode, LEARNED, learned)
            learned.end()
            return ShuffledGate(learned, self.config.seed) if word == "shuffled" else HeldGate(learned.mean_c)
        if word == "no-td":
            return WithoutTd()
        return HeldGate({"open": 1.0, "shut": 0.0}.get(word, OWN))

    def _recorded(self, episode: int, word: str, gate: Gate) -> RecordedEpisode:
        config, envs, pictures = self.config, self.envs, self.pictures
        pictures.begin()
        envs.take([episode], [0])
        # In the row that it has in an evaluation: elsewhere a product may be rounded in another way.
        row = episode % config.eval_episodes
        acting = InItsPlace(self.policy, config.eval_episodes, slice(row, row + 1))
        loop = EnvLoop(envs, acting, config.gamma)
        stepper = loop.stepper
        stepper.begin(self.weights.td_mean, self.weights.td_std)
        if envs.episodes[0] and envs.last_failure is not None:  # it did not even begin
            raise envs.last_failure
        noted, ending = _Noted(layout.views(self.weights.vector, self._shapes()), envs.actions.sizes), "limit"
        stream = generator(config.seed, Stream.EVALUATION_NOISE, episode)
        reward, over, cut = np.zeros(1, np.float32), np.zeros(1, np.bool_), np.zeros(1, np.bool_)
        td = np.zeros(1, np.float32)
        gate.begin([episode])
        gate.force(0, stepper.forced_c)
        for t in range(min(config.eval_max_steps, MOST_STEPS, max(MOST_NUMBERS // envs.observation_size, 1))):
            self.progress(t)
            if t % NOISE_STEPS == 0:
                noise = action_noise(envs.actions, [stream], NOISE_STEPS)
            gate.before(t, loop.td_prev)
            loop.act(noise[t % NOISE_STEPS])
            gate.after(t, stepper.c, loop.td_prev, np.ones(1, np.bool_))
            gate.force(t + 1, stepper.forced_c)
            noted.decided(loop)
            loop.step(reward, over, cut)
            td_error(reward, stepper.value, stepper.next_value, over, config.gamma, out=td)
            noted.stepped(loop, reward, td)
            if loop.is_first[0]:
                ending = "failed" if envs.failed[0] else "terminated" if over[0] else "truncated"
                break
        note = str(envs.last_failure) if ending == "failed" else pictures.note
        origin = EpisodeOrigin(config.env_id, config.seed, episode, self.snapshot, self.env_steps, word)
        parts = parts_of(envs.observation_space, prev_action=config.prev_action)
        frames = np.stack(pictures.frames) if pictures.frames else np.zeros((0, 1, 1, 3), np.uint8)
        return RecordedEpisode(
            origin, frames=frames, texts=tuple(pictures.texts), drawn_at=np.array(pictures.steps, np.int64),
            ending=ending, choices=envs.actions.sizes, parts=parts, note=note, **noted.arrays(envs.actions.dtype),
        )  # fmt: skip

    def _shapes(self) -> layout.Shapes:
        return layout.parameter_shapes(self.envs.observation_size, self.envs.actions, self.config)


class _Noted:
    """The steps of an episode so far, an entry each."""

    def __init__(self, weights: Mapping[str, F32], choices: Sequence[int]) -> None:
        self._weights, self._choices = weights, choices
        self._rows: dict[str, list[Any]] = {
            name: []
            for name in (
                "observation", "action", "probability", "log_prob", "reward", "value", "next_value", "td", "td_prev", "c",
                "prior",
            )
        }  # fmt: skip
        self._last: F32 | None = None

    def decided(self, loop: EnvLoop) -> None:
        """A decision was made, of one environment."""
        stepper = loop.stepper
        self._add(observation=loop.obs[0].copy(), action=stepper.action[0].copy(), td_prev=loop.td_prev[0])
        self._add(log_prob=stepper.log_prob[0], value=stepper.value[0], c=stepper.c[0], prior=stepper.prior[0])
        self._add(probability=action_probabilities(stepper.h[0], self._weights, self._choices))

    def stepped(self, loop: EnvLoop, reward: F32, td: F32) -> None:
        """The step was taken."""
        self._add(reward=reward[0], next_value=loop.stepper.next_value[0], td=td[0])
        self._last = loop.next_obs[0].copy()

    def arrays(self, action: type[np.int32] | type[np.float32]) -> dict[str, Any]:
        """Everything, by the names of `RecordedEpisode`."""
        found = dict(self._rows)
        found["observation"] = [*found["observation"], self._last]
        return {name: np.array(rows, action if name == "action" else np.float32) for name, rows in found.items()}

    def _add(self, **entries: Any) -> None:
        for name, entry in entries.items():
            self._rows[name].append(entry)


def action_probabilities(h: F32, weights: Mapping[str, F32], choices: Sequence[int]) -> F32:
    """[P]: how probable each choice of each component is, side by side, from a state [S]; none of continuous actions."""
    if not choices:
        return np.zeros(0, np.float32)
    x = h[: weights["actor.weight"].shape[1]]
    if "actor_layers.weight" in weights:
        for weight, bias in zip(weights["actor_layers.weight"], weights["actor_layers.bias"], strict=True):
            x = np.maximum(weight @ x + bias, 0)
    logits = weights["actor.weight"] @ x + weights["actor.bias"]
    shares = [np.exp(part - part.max()) for part in np.split(logits, np.cumsum(choices)[:-1])]
    return np.concatenate([share / share.sum() for share in shares]).astype(np.float32)
