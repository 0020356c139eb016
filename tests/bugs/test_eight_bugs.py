"""None of the seed document's eight bugs passes unseen: put back in, each makes a test fail that passes without it.

The tests are the project's own, called here with the bug in the real code; `benchmarks/gatecheck/bugs.py` makes the whole
table (docs/gatecheck-error-rates.md).
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from gate_rows import evaluations, healthy_run, verdict_of
from injected_bugs import BUGS, injected

TESTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class TestOfTheProject:
    """A test of the project, with its parameters."""

    __test__ = False
    file: str
    name: str
    given: tuple[Any, ...] = ()

    def __call__(self) -> None:
        getattr(_module(self.file), self.name)(*self.given)


def of(file: str, name: str, *given: Any) -> TestOfTheProject:
    """The test of that name in a file below `tests/`."""
    return TestOfTheProject(file, name, given)


def _module(file: str) -> ModuleType:
    """A file of tests, which is no module of a package."""
    name = f"seen_by_{Path(file).stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, TESTS / file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def a_pinned_run_fails() -> None:
    """Whatever its returns."""
    assert verdict_of(healthy_run(td_std=0.001)).status == "fail"


def a_run_whose_returns_stay_the_same_fails() -> None:
    """At its end."""
    assert verdict_of(evaluations([[0.01 * seed for seed in range(20)]] * 12)).status == "fail"


SEEN_BY: dict[str, list[Callable[[], None]]] = {
    "1": [
        of("model/test_cell.py", "test_a_closed_gate_freezes_the_whole_state_bit_by_bit", "lstm-td"),
        of("model/test_cell.py", "test_a_step_is_the_gated_gru_written_out"),
    ],
    "2": [
        of("rollout/test_episode_boundary.py", "test_every_episode_begins_with_an_empty_memory", kernels)
        for kernels in ("torch", "numba")
    ],
    "3": [of("rollout/test_collect.py", "test_the_bootstrap_after_a_truncation_sees_the_final_observation")],
    "4": [of("model/test_td.py", "test_one_rollout_moves_mean_and_scale_by_its_time_steps")],
    "5": [of("learn/test_learner.py", "test_with_a_learning_rate_of_0_the_policy_never_differs_from_the_behaviour_policy")],
    "6": [
        of("envs/test_env_batch.py", "test_it_is_what_one_would_write_by_hand", "popgym-PositionOnlyPendulumEasy-v0", False)
    ],
    "7a": [a_pinned_run_fails],
    "7b": [a_run_whose_returns_stay_the_same_fails],
    "8a": [of("learn/test_learner.py", "test_the_same_seed_gives_the_same_weights_bit_by_bit")],
    "8b": [of("learn/test_learner.py", "test_the_gradient_is_clipped_to_its_norm")],
    "8c": [of("model/test_agent.py", "test_the_bias_stays_between_its_clamps")],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _everything_is_loaded() -> None:
    """A bug replaces a function under every name that it has at that moment."""
    for test in chain(*SEEN_BY.values()):
        if isinstance(test, TestOfTheProject):
            _module(test.file)


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_that_is_put_back_in_makes_its_tests_fail(bug: str) -> None:
    for test in SEEN_BY[bug]:
        test()
        with injected(bug), pytest.raises(AssertionError):
            test()
    for test in SEEN_BY[bug]:
        test()  # and leaves nothing behind


def test_every_bug_of_the_seed_document_is_there() -> None:
    assert sorted({name[0] for name in BUGS}) == [str(number) for number in range(1, 9)]
    assert list(SEEN_BY) == list(BUGS)
