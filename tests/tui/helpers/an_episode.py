"""A recorded episode that nobody has played, and a player that gives it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gwt_ib.envs.observation_parts import Part
from gwt_ib.replacements import LEARNED
from gwt_ib.rollout.recorded_episode import EpisodeOrigin, RecordedEpisode

PARTS = (Part("suit", "choices", (1,), (4,), (0,)), Part("speed", "numbers", (2,)))


def episode(
    steps: int = 51,
    number: int = 0,
    gate: str = LEARNED,
    *,
    drawn: str = "",
    choices: tuple[int, ...] = (4,),
    **changes: Any,
) -> RecordedEpisode:
    """`drawn` is "" for no pictures, "pixels" or "text"."""
    t, after = np.arange(steps, dtype=np.float32), np.arange(steps + 1)
    suits = (after * after + 3 * after + number) % 7 % 4
    observation = np.zeros((steps + 1, 6), np.float32)
    observation[after, suits] = 1
    observation[:, 4:] = np.stack([np.sin(after / 3 + number), np.cos(after / 5)], axis=1)
    logits = np.sin(np.arange(sum(choices)) * 1.7 + t[:, np.newaxis] / 4) * 2
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) if choices else np.zeros((steps, 0))
    actions = (suits[:-1, np.newaxis]).astype(np.int32) if choices else np.stack([np.sin(t), np.cos(t)], axis=1)
    td = (0.1 * np.sin(t * 1.3) * np.cos(t / 6)).astype(np.float32)
    frames = np.zeros((steps + 1 if drawn == "pixels" else 0, 20, 30, 3), np.uint8)
    for place, frame in enumerate(frames):
        frame[:, :, 2], frame[8:12, place % 28 : place % 28 + 3] = 160, (255, 200, 0)
    texts = tuple(f"\x1b[41m{'.' * (place % 20)}@\x1b[0m" for place in range(steps + 1)) if drawn == "text" else ()
    found: dict[str, Any] = {
        "observation": observation, "probability": probability.astype(np.float32), "log_prob": np.full(steps, -0.5),
        "action": actions,
        "reward": np.where(t % 5 == 4, 0.25, -0.125), "value": np.sin(t / 9), "next_value": np.sin((t + 1) / 9),
        "td": td, "td_prev": np.concatenate([np.zeros(1, np.float32), td])[:steps], "c": 0.5 + 0.4 * np.sin(t),
        "prior": np.full(steps, 0.25), "frames": frames, "texts": texts, "choices": choices, "parts": PARTS,
        "drawn_at": np.arange(len(frames) or len(texts)), "ending": "terminated",
    }  # fmt: skip
    floats = {
        name: array.astype(np.float32) for name, array in found.items() if getattr(array, "dtype", None) == np.float64
    }
    origin = EpisodeOrigin("popgym-RepeatPreviousEasy-v0", 1, number, "000000499712", 499_712, gate)
    return RecordedEpisode(origin, **{**found, **floats, **changes})


class FakePlayer:
    """Plays at the first look after it was asked; one that `breaks` is then gone."""

    def __init__(self, *, breaks: bool = False, **options: Any) -> None:
        self.recorded: RecordedEpisode | None = None
        self.problem, self.doing, self.alive = "", "", True
        self.asked: list[tuple[int, str]] = []
        self.breaks = breaks
        self._options = options

    @property
    def busy(self) -> bool:
        return bool(self.doing)

    def ask(self, number: int, gate: str) -> None:
        self.asked.append((number, gate))
        self.doing = "plays step 3"

    def poll(self) -> None:
        if self.doing:
            self.doing = ""
            if self.breaks:
                self.problem, self.alive = "The player ended with exit code 7.", False
            else:
                self.recorded = episode(number=self.asked[-1][0], gate=self.asked[-1][1], **self._options)
