"""One episode as data: what was seen, done, paid and computed at every step, with pictures where there are some."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwt_ib.envs.observation_parts import MOST_PARTS, Part
from gwt_ib.files import parse_json
from gwt_ib.lenient import whole
from gwt_ib.model.arrays import F32
from gwt_ib.text import plain

ENDINGS = {
    "terminated": "the episode has ended",
    "truncated": "the environment cut it off",
    "limit": "it was cut off here: no more steps are recorded",
    "failed": "the environment failed",
}
"""How an episode may end, in words."""
MOST_TEXT = 1000
"""Characters of a sentence about it."""


@dataclass(frozen=True)
class EpisodeOrigin:
    """Which episode of which agent it is: enough to play it again."""

    env_id: str
    seed: int
    """The run's, or another in its place: the episode's own and its action noise come from it."""
    episode: int
    """Its number among the evaluation episodes, from 0."""
    snapshot: str
    env_steps: int
    """After so many the agent was saved."""
    gate: str = "learned"
    """By what its gate was replaced (`replacements`)."""


@dataclass(frozen=True, eq=False)
class RecordedEpisode:
    """An episode of T steps; step t is what the agent saw, decided and got for it.

    `observation` [T + 1, O] and pictures have one more: what was there after the last step.
    """

    origin: EpisodeOrigin
    observation: F32
    """[T + 1, O]."""
    action: NDArray[Any]
    """[T, A]: as `ActionLayout` says, indices of choices or numbers."""
    probability: F32
    """[T, P]: of each choice of each component, side by side; [T, 0] of continuous actions."""
    log_prob: F32
    """[T], nats."""
    reward: F32
    """[T]."""
    value: F32
    """[T]: the critic's at the decision."""
    next_value: F32
    """[T]: V0 of the next observation; it counts for nothing where the episode has terminated."""
    td: F32
    """[T]: the TD error of the step, known once it was paid."""
    td_prev: F32
    """[T]: the one of the step before, which drove the gate; 0 at the first."""
    c: F32
    """[T]: the gate."""
    prior: F32
    """[T]."""
    frames: NDArray[np.uint8]
    """[F, height, width, 3]; F = 0 where there are `texts`, or no pictures."""
    texts: tuple[str, ...]
    """[F]: pictures in characters, with colours as ANSI sequences."""
    drawn_at: NDArray[np.int64]
    """[F]: before which step each picture was drawn, from 0 to T; not before every one in a long episode."""
    ending: str
    """One of `ENDINGS`."""
    choices: tuple[int, ...] = ()
    """Choices of each component of an action; empty where actions are continuous."""
    parts: tuple[Part, ...] = field(default=(), repr=False)
    """What the numbers of an observation are."""
    note: str = ""
    """What is to be known of it: why it failed, or why there are no pictures."""

    @property
    def steps(self) -> int:
        """T."""
        return len(self.reward)

    @property
    def total(self) -> float:
        """The return, as an evaluation counts it."""
        return float(np.sum(self.reward, dtype=np.float64))

    @property
    def drawn(self) -> bool:
        """Whether there are pictures."""
        return bool(len(self.drawn_at))

    def picture(self, step: int) -> int | None:
        """Which picture is the newest at a step from 0 to T; none where there is none."""
        place = int(np.searchsorted(self.drawn_at, step, side="right")) - 1
        return place if place >= 0 else None

    def tensors(self) -> dict[str, NDArray[Any]]:
        """All arrays by name; with `description`, everything."""
        texts = np.frombuffer(json.dumps(self.texts).encode(), np.uint8)
        return {TEXTS: texts, **{name: np.ascontiguousarray(getattr(self, name)) for name in SHAPES}}

    def description(self) -> dict[str, Any]:
        """What is no array, ready for JSON."""
        parts = [part.as_dict() for part in self.parts]
        words = {"ending": self.ending, "note": self.note, "choices": list(self.choices)}
        return {"origin": dict(vars(self.origin)), "parts": parts, **words}

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> RecordedEpisode:
        """What `tensors` and `description` gave. Raises `ValueError` for what is none: it came from user code's process."""
        found: dict[str, Any] = {}
        sizes: dict[str, int] = {}
        for name, (axes, dtypes) in SHAPES.items():
            array = tensors.get(name)
            if array is None or array.ndim != len(axes) or str(array.dtype) not in dtypes:
                raise ValueError(f"no recorded episode: {name} is missing or of another kind")
            for axis, size in zip(axes, array.shape, strict=True):
                if sizes.setdefault(axis, size) != size:
                    raise ValueError(f"no recorded episode: {name} has the shape {list(array.shape)}")
            found[name] = array
        try:
            told = description["origin"]
            env_id, snapshot, gate = (plain(told[name]) for name in ("env_id", "snapshot", "gate"))
            seed, episode, env_steps = (whole(told[name]) or 0 for name in ("seed", "episode", "env_steps"))
            origin = EpisodeOrigin(env_id, seed, episode, snapshot, env_steps, gate)
            texts = tuple(str(text) for text in parse_json(tensors[TEXTS].tobytes()))
            parts = tuple(Part.from_dict(part) for part in description["parts"][:MOST_PARTS])
            choices = tuple(map(int, description["choices"]))
            ending, note = str(description["ending"]), plain(description["note"], MOST_TEXT)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"no recorded episode: {error}") from None
        pictures = len(texts) if texts else sizes["F"]
        if (
            sizes["rgb"] != 3
            or sizes["T+1"] != sizes["T"] + 1
            or ending not in ENDINGS
            or len(found["drawn_at"]) != pictures
        ):
            raise ValueError("no recorded episode: its parts do not fit each other")
        if (sizes["P"] and sum(choices) != sizes["P"]) or sum(part.size for part in parts) not in (0, sizes["O"]):
            raise ValueError("no recorded episode: its parts do not fit each other")
        return cls(origin=origin, texts=texts, ending=ending, choices=choices, parts=parts, note=note, **found)


TEXTS = "texts"
_ROW, _T = ("float32",), ("T",)
SHAPES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "observation": (("T+1", "O"), _ROW),
    "action": (("T", "A"), ("int32", "float32")),
    "probability": (("T", "P"), _ROW),
    **{name: (_T, _ROW) for name in ("log_prob", "reward", "value", "next_value", "td", "td_prev", "c", "prior")},
    "frames": (("F", "height", "width", "rgb"), ("uint8",)),
    "drawn_at": (("pictures",), ("int64",)),
}
"""The axes and the possible dtypes of each array."""
assert SHAPES.keys() <= {each.name for each in fields(RecordedEpisode)}
