"""Pictures of an environment while it is played: which way of drawing works, and what was drawn, in bounded memory."""

from __future__ import annotations

import warnings
from contextlib import suppress
from math import ceil
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.make import Env, make_env
from gwt_ib.envs.refusal import is_ctrl_c
from gwt_ib.errors import UserError, error_text

U8 = NDArray[np.uint8]
MODES = ("rgb_array", "ansi")
"""How an environment may draw itself here, the better one first."""
MOST_PIXELS = 160
"""Of a kept picture's longer side."""
MOST_BYTES = 32 << 20
"""Of all pictures of an episode: where there would be more, every second one is left out."""
TEXT_LINES, TEXT_COLUMNS = 200, 1000


class Pictures:
    """What was drawn of one episode: `frames`, uint8 [height, width, 3] each, or `texts`; and before which `steps`."""

    def __init__(self) -> None:
        self.mode: str | None = None
        self.note = ""
        """Why it is not drawn, though it might be; empty where it is, or does not say that it can."""
        self.begin()

    def begin(self, first: int = 0) -> None:
        """An episode begins with the next reset."""
        self.frames: list[U8] = []
        self.texts: list[str] = []
        self.steps: list[int] = []
        self._step, self._every, self._resets, self._bytes = first, 1, 0, 0

    def make(self, config: Config) -> Env:
        """Make an environment that is drawn, if that can be done. Raises `UserError` as `make_env` does."""
        env = make_env(config)
        with suppress(Exception):
            offered = [mode for mode in MODES if mode in (env.metadata.get("render_modes") or ())]
            for mode in offered:
                if (drawn := self._tried(config, mode)) is not None:
                    env.close()
                    self.mode, self.note = mode, ""
                    return _Drawn(drawn, self)
        self.mode = None
        return env

    def take(self, env: Env, *, reset: bool, last: bool) -> None:
        """Draw what is seen now: after a `reset`, or after a step, which may be the `last`."""
        self._resets += reset
        if self._resets != 1 or self.mode is None:  # the episode after the one that is recorded
            return
        self._step += not reset
        if self._step % self._every and not last:
            return
        try:
            drawn = _drawn(env)
            if self.frames and getattr(drawn, "shape", None) != self.frames[0].shape:
                raise ValueError("its pictures differ in size")
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            self.mode, self.note = None, f"It could not be drawn any more: {error_text(error)}."
            return
        self._bytes += len(drawn) if isinstance(drawn, str) else drawn.nbytes
        if isinstance(drawn, str):
            self.texts.append(drawn)
        else:
            self.frames.append(drawn)
        self.steps.append(self._step)
        while self._bytes > MOST_BYTES and len(self.steps) > 2:
            self._every *= 2
            for kept in (self.frames, self.texts, self.steps):
                del kept[1::2]
            self._bytes = sum(map(len, self.texts)) + sum(frame.nbytes for frame in self.frames)

    def _tried(self, config: Config, mode: str) -> Env | None:
        """An environment that can be drawn in this way; none where it turns out that it cannot."""
        env = None
        try:
            with warnings.catch_warnings(action="ignore"):
                env = make_env(config, render_mode=mode)
                env.reset(seed=0)
                _drawn(env)
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            words = error.message if isinstance(error, UserError) else f"{error_text(error)}."
            self.note = f"It cannot be drawn ({mode}): {words}"
            if env is not None:
                with suppress(Exception):
                    env.close()
            return None
        return env


class _Drawn(gymnasium.Wrapper[Any, Any, Any, Any]):
    """An environment of which a picture is taken after each call."""

    def __init__(self, env: Env, pictures: Pictures) -> None:
        super().__init__(env)
        self._pictures = pictures

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        found = self.env.reset(seed=seed, options=options)
        self._pictures.take(self.env, reset=True, last=False)
        return found

    def step(self, action: Any) -> Any:
        found = self.env.step(action)
        self._pictures.take(self.env, reset=False, last=bool(found[2]) or bool(found[3]))
        return found


def _drawn(env: Env) -> U8 | str:
    """What the environment draws. Raises `ValueError` where that is no picture."""
    with warnings.catch_warnings(action="ignore"):
        found: Any = env.render()
    if isinstance(found, str):
        return "\n".join(line[:TEXT_COLUMNS] for line in found.splitlines()[:TEXT_LINES])
    frame = np.asarray(found)
    if frame.dtype != np.uint8 or frame.ndim not in (2, 3) or not frame.size:
        raise ValueError(f"render() gave {type(found).__name__} where uint8 [height, width, 3] was expected")
    frame = np.repeat(frame[:, :, np.newaxis], 3, axis=2) if frame.ndim == 2 else frame
    if frame.shape[2] not in (3, 4):
        raise ValueError(f"render() gave a picture of shape {list(frame.shape)}")
    return reduced(frame[:, :, :3])


def reduced(frame: U8, most: int = MOST_PIXELS) -> U8:
    """A picture [height, width, 3] with at most so many pixels along each side: means over squares of pixels."""
    factor = ceil(max(frame.shape[:2]) / most)
    if factor == 1:
        return frame.copy()
    sides = [max(side // factor, 1) for side in frame.shape[:2]]
    rows, columns = (np.arange(side) * factor for side in sides)
    whole = frame[: rows[-1] + factor, : columns[-1] + factor].astype(np.uint32)
    sums = np.add.reduceat(np.add.reduceat(whole, rows, axis=0), columns, axis=1)
    counts = np.multiply.outer(
        np.diff(rows, append=len(whole)), np.diff(columns, append=whole.shape[1])
    )  # a side shorter than a square has fewer pixels
    means: U8 = (sums // counts[:, :, np.newaxis]).astype(np.uint8)
    return means
