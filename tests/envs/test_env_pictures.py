"""Which way of drawing an environment works, what is kept of it, and that it never costs the episode."""

import numpy as np
import pytest
from support import task

from gwt_ib.envs import pictures as module
from gwt_ib.envs.pictures import Pictures, reduced


def drawn(env_id, steps=12):
    pictures = Pictures()
    env = pictures.make(task(env_id))
    pictures.begin()
    env.reset(seed=1)
    for _ in range(steps):
        env.step(0)
    env.reset(seed=2)
    env.step(0)
    env.close()
    return pictures


def test_a_picture_is_taken_before_each_step_and_after_the_last_and_none_of_the_next_episode():
    pictures = drawn("sample_envs:Pictured-v0")
    assert pictures.mode == "rgb_array" and pictures.steps == list(range(13))
    assert {frame.shape for frame in pictures.frames} == {(40, 60, 3)}
    assert [int(frame[20, :, 0].argmax()) for frame in pictures.frames] == [4 * step for step in range(13)]


def test_where_there_are_no_pixels_there_may_be_characters():
    pictures = drawn("sample_envs:InText-v0")
    assert pictures.mode == "ansi" and not pictures.frames
    assert [text.count(".") for text in pictures.texts] == list(range(13))


@pytest.mark.parametrize(
    ("env_id", "words"),
    [("sample_envs:Undrawn-v0", "no screen"), ("sample_envs:Ends-v0", ""), ("popgym-RepeatPreviousEasy-v0", "")],
    ids=["cannot", "says-nothing", "popgym"],
)
def test_an_environment_that_cannot_be_drawn_is_played_all_the_same(env_id, words):
    pictures = Pictures()
    env = pictures.make(task(env_id))
    env.reset(seed=1)
    env.step(0)
    assert pictures.mode is None and not pictures.steps
    assert words in pictures.note and bool(words) == bool(pictures.note)


def test_of_a_long_episode_every_second_picture_goes_again_and_again_but_the_last_is_there(monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 4 * 40 * 60 * 3)
    pictures = drawn("sample_envs:Pictured-v0")
    assert pictures.steps[0] == 0 and pictures.steps[-1] == 12 and len(pictures.steps) <= 4
    assert [int(frame[20, :, 0].argmax()) for frame in pictures.frames] == [4 * step for step in pictures.steps]


def test_a_picture_that_fails_in_the_middle_ends_the_pictures_and_not_the_episode(monkeypatch):
    pictures = Pictures()
    env = pictures.make(task("sample_envs:Pictured-v0"))
    env.reset(seed=1)
    env.step(0)
    monkeypatch.setattr(module, "_drawn", lambda env: np.zeros((2, 2, 3), np.uint8))
    env.step(0)
    env.step(0)
    assert pictures.steps == [0, 1] and "differ in size" in pictures.note


def test_a_large_picture_is_reduced_to_means():
    frame = np.zeros((200, 300, 3), np.uint8)
    frame[:100, :, 0], frame[:, 150:, 1] = 100, 50
    small = reduced(frame, 100)
    assert small.shape == (66, 100, 3)
    assert small[0, 0].tolist() == [100, 0, 0] and small[65, 99].tolist() == [0, 50, 0]
    assert reduced(frame[:2], 100).shape == (1, 100, 3)
    assert reduced(frame, 300) is not frame and np.array_equal(reduced(frame, 300), frame)
