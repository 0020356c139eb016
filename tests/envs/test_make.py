"""From an id to an environment, and what is said when there is none or it is broken."""

import contextlib
import os
import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from env_refusals import check, refusal
from gymnasium import spaces
from popgym.wrappers import Antialias, PreviousAction
from support import task

from gwt_ib.envs.make import make_env, popgym_ids
from gwt_ib.envs.spaces import ObservationEncoder
from gwt_ib.errors import UserError


class Small(gymnasium.Env):
    """An environment whose parts the tests replace."""

    observation_space = spaces.Box(0, 1, (2,))
    action_space = spaces.Discrete(2)

    def __init__(self, **parts):
        for name, part in parts.items():
            setattr(self, name, part)

    def look(self):
        return np.zeros(2, np.float32)

    def pay(self):
        return 0.0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.look(), {}

    def step(self, action):
        return self.look(), self.pay(), False, False, {}


def fail(*_args, **_kwargs):
    raise KeyError("no such\n card \x1b[31m")


@pytest.fixture
def registered():
    """Registers a `Small` with some parts replaced, under an id that lasts for the test."""
    ids = []

    def register(entry_point=Small, limit=None, **parts):
        env_id = f"EnvTest{len(ids)}-v0"
        ids.append(env_id)
        gymnasium.register(env_id, entry_point, kwargs=parts, max_episode_steps=limit)
        return env_id

    yield register
    for env_id in ids:
        del gymnasium.registry[env_id]


def make(env_id, prev_action=False):
    return make_env(task(env_id, prev_action))


@pytest.mark.parametrize("prev_action", [False, True])
def test_all_popgym_ids_pass_the_check(prev_action):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        facts = [check(env_id, prev_action) for env_id in popgym_ids()]
    assert len(facts) == 48
    assert {fact.actions.kind for fact in facts} == {"discrete", "continuous"}


def test_facts_of_the_default_task():
    facts = check("popgym-CountRecallEasy-v0", False)
    assert (facts.observation_size, facts.actions.sizes) == (4, (27,))
    assert (facts.observation_space, facts.action_space) == ("MultiDiscrete([2 2])", "Discrete(27)")
    assert check("popgym-CountRecallEasy-v0", True).observation_size == 4 + 27 + 2


def test_popgyms_ids_are_some_of_gymnasiums():
    assert set(popgym_ids()) < set(gymnasium.registry)


def test_the_time_limit_is_kept(registered):
    env = make(registered(limit=3))
    env.reset(seed=0)
    assert [env.step(0)[3] for _ in range(3)] == [False, False, True]


# prev_action


@pytest.mark.parametrize(
    "env_id", ["popgym-CountRecallEasy-v0", "popgym-BattleshipEasy-v0", "popgym-AutoencodeEasy-v0"]
)
def test_prev_action_is_popgyms_two_wrappers(env_id):
    ours, theirs = make(env_id, prev_action=True), Antialias(PreviousAction(make(env_id)))
    assert ours.observation_space == theirs.observation_space
    encoder = ObservationEncoder(ours.observation_space)
    rows = np.empty((2, encoder.size), np.float32)
    ours.action_space.seed(0)
    for env, row in zip((ours, theirs), rows, strict=True):
        encoder.encode(env.reset(seed=5)[0], row)
    np.testing.assert_array_equal(*rows)
    for _ in range(5):
        action = ours.action_space.sample()
        for env, row in zip((ours, theirs), rows, strict=True):
            encoder.encode(env.step(action)[0], row)
        np.testing.assert_array_equal(*rows)


SEEN = [
    (spaces.Discrete(3), lambda env: 1, [0, 1, 0]),
    (spaces.Box(0, 1, (2,)), lambda env: np.float32([0.25, 0.5]), [0.25, 0.5]),
    (spaces.Tuple([spaces.Discrete(2), spaces.Discrete(2)]), lambda env: (1, 0), [0, 1, 1, 0]),
]


@pytest.mark.parametrize(("space", "look", "flat"), SEEN, ids=["Discrete", "Box", "Tuple"])
@pytest.mark.parametrize("limit", [None, 9])
def test_prev_action_has_the_same_layout_for_any_environment(registered, space, look, flat, limit):
    env = make(registered(limit=limit, observation_space=space, look=lambda: look(None)), prev_action=True)
    encoder = ObservationEncoder(env.observation_space)
    row = np.empty(encoder.size, np.float32)
    encoder.encode(env.reset(seed=0)[0], row)
    np.testing.assert_array_equal(row, [*flat, 1, 0, 0, 1])  # no action yet: 0; the first step
    encoder.encode(env.step(1)[0], row)
    np.testing.assert_array_equal(row, [*flat, 0, 1, 1, 0])
    encoder.encode(env.reset(seed=0)[0], row)
    np.testing.assert_array_equal(row, [*flat, 1, 0, 0, 1])


def test_prev_action_leaves_the_environments_own_dictionary_alone(registered):
    own = {"card": 1}
    space = spaces.Dict({"card": spaces.Discrete(2)})
    env = make(registered(observation_space=space, look=lambda: own), prev_action=True)
    assert env.reset(seed=0)[0] == {"card": 1, "prev_action": 0, "is_t0": 1}
    assert env.step(1)[0] == {"card": 1, "prev_action": 1, "is_t0": 0}
    assert own == {"card": 1}


@pytest.mark.parametrize(
    ("space", "null"),
    [
        (spaces.MultiDiscrete([3, 3], start=[1, 2]), [1, 2]),
        (spaces.MultiDiscrete([3, 3], start=[-1, 0]), [0, 0]),
        (spaces.Box(1, 2, (2,)), [1, 1]),
        (spaces.Box(-np.inf, -1, (2,)), [-1, -1]),
        (spaces.Box(np.float32([-np.inf, 1]), np.float32([5, 2])), [0, 1]),
        (spaces.Discrete(3, start=4), 4),
    ],
    ids=str,
)
def test_the_action_before_the_first_is_zero_or_the_lowest(registered, space, null):
    env_id = registered(action_space=space)
    env = make(env_id, prev_action=True)
    _, action, _ = env.reset(seed=0)[0]
    np.testing.assert_array_equal(action, null)
    assert space.contains(action)
    assert check(env_id, True).actions.width == np.size(null)


# Ids that are none


@pytest.mark.parametrize(
    ("env_id", "hint"),
    [
        ("popgym-CountRecallEasy", "Did you mean popgym-CountRecallEasy-v0?"),
        ("popgym-CountRecallEasy-v7", "Did you mean popgym-CountRecallEasy-v0?"),
        ("CountRecallEasy", "Did you mean popgym-CountRecallEasy-v0?"),
        ("countrecalleasy-v0", "Did you mean popgym-CountRecallEasy-v0?"),
        ("popgym-CountRecalEasy-v0", "popgym-CountRecallEasy-v0"),
        ("RepeatPrev", "popgym-RepeatPreviousEasy-v0"),
        ("LabyrinthEscapeEasy", "Did you mean popgym-LabyrinthEscapeEasy-v0?"),
        ("CartPole", "Did you mean CartPole-v1 or CartPole-v0"),
        ("CartPole-v9", "CartPole-v1"),
        ("CartPol-v1", "Did you mean CartPole-v1 or"),
        ("popgym-RepeatPrevEasy-v0", "Did you mean popgym-RepeatPreviousEasy-v0 or"),
        ("popgym-Xyzzyq-v0", "-v0'. `gwt-ib-tui envs`"),  # near to every id but for its name
        ("Qwzzk", "gwt-ib-tui envs"),
        (" ", "gwt-ib-tui envs"),
    ],
)
def test_an_unknown_id_is_answered_with_the_nearest(env_id, hint):
    message = refusal(env_id)
    assert hint in message
    assert f"no environment {env_id!r}" in message


def test_control_characters_in_an_id_are_not_printed():
    refusal("popgym-\x1b[31mCountRecallEasy\n-v0")


def test_an_old_version_is_made_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make("CartPole-v0").close()


def test_labyrinths_need_mazelib(tmp_path):
    script = (
        "import sys; sys.modules['mazelib'] = None\n"
        "from gwt_ib.config import Config\n"
        "from gwt_ib.envs.make import check_environment, popgym_ids\n"
        "from gwt_ib.errors import UserError\n"
        "assert len(popgym_ids()) == 42\n"
        "for name in ('popgym-LabyrinthEscapeEasy-v0', 'LabyrinthExploreHard'):\n"
        "    try: check_environment(Config(env_id=name))\n"
        "    except UserError as error: print(int(error.code), error.message)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("78 ") and line.endswith("pip install 'gwt-ib[navigation]'") for line in lines)
    assert done.stderr == ""


# Environments that are broken


def test_a_constructor_that_raises(registered):
    message = refusal(registered(fail))
    assert "cannot be made: KeyError: 'no such\\n card \\x1b[31m'" in message
    assert "cannot be made: TypeError" in refusal(registered(lambda: Small(), color="red"))
    assert "cannot be made" in refusal(registered(lambda: 3))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"reset": fail}, "cannot be reset: KeyError"),
        ({"reset": lambda: (np.zeros(2), {})}, "cannot be reset: TypeError"),
        ({"reset": lambda seed, options: np.zeros(3)}, "cannot be reset: ValueError"),
        ({"step": fail}, "cannot be stepped: KeyError"),
        ({"step": lambda action: (np.zeros(2), 0.0, False, {})}, "cannot be stepped: ValueError"),
        ({"pay": lambda: None}, "cannot be stepped: TypeError"),
        ({"pay": lambda: float("nan")}, "cannot be learnt from: the reward is nan"),
        ({"pay": lambda: 1e300}, "cannot be learnt from: the reward is 1e+300"),
        ({"look": lambda: np.zeros(3, np.float32)}, "after reset, the observation has shape (3,)"),
        ({"look": lambda: np.array(["a", "b"])}, "after reset, the observation has dtype <U1"),
        ({"look": lambda: np.full(2, np.nan)}, "lies outside Box(0.0, 1.0, (2,), float32)"),
        ({"look": lambda: np.full(2, 2.0)}, "lies outside Box(0.0, 1.0, (2,), float32)"),
        ({"observation_space": spaces.Box(0, 9, (2,), np.int32), "look": lambda: np.zeros(2)}, "dtype float64"),
        ({"observation_space": spaces.Text(3)}, "Text"),
        ({"action_space": spaces.MultiBinary(3)}, "MultiBinary"),
    ],
)
def test_an_environment_that_does_not_keep_its_word(registered, parts, words):
    assert words in refusal(registered(**parts))


def test_an_observation_that_goes_wrong_after_the_first(registered):
    looks = iter([np.zeros(2), np.zeros(3)])
    assert "after step, the observation has shape (3,)" in refusal(registered(look=lambda: next(looks)))


def test_prev_action_on_a_space_that_popgym_does_not_know(registered):
    assert "prev_action" in refusal(registered(observation_space=spaces.Text(3)), prev_action=True)


def test_the_environment_is_closed_whatever_happens(registered):
    closed = []
    for parts in ({}, {"step": fail}, {"observation_space": spaces.Text(3)}):
        env_id = registered(close=lambda: closed.append(True), **parts)
        with contextlib.suppress(UserError):
            check(env_id, False)
    assert len(closed) == 3
    check(registered(close=fail), False)


def test_importing_it_is_quick_and_brings_no_torch():
    script = "import sys, time; t = time.process_time(); import gwt_ib.envs.make, gwt_ib.envs.env_batch; "
    script += "print(time.process_time() - t, 'torch' in sys.modules)"
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    runs = [subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env) for _ in range(3)]
    assert all(run.stdout.split()[1] == "False" for run in runs)
    assert min(float(run.stdout.split()[0]) for run in runs) < 0.6  # CPU seconds: 0.15 on a machine at rest
