"""The bugs of the seed document ("Bugs Fixed", 1 to 8), each put back into the real code path while a context lasts.

    with injected("5"): …                                        in a test, or around a run of the benchmark
    GWT_IB_BUG=5 PYTHONPATH=tests/bugs pytest -p injected_bugs …     every test of a session

A bug is put in where Python code calls Python code, so it holds for kernels and torch alike; what lies inside a kernel
(1 and 3) is reached by leaving the kernels out. A function is replaced under every name that a module knows it by.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

Put = Callable[[ExitStack], None]


def _set(stack: ExitStack, owner: Any, name: str, value: Any) -> None:
    """Set an attribute until the stack is closed."""
    stack.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, value)


def _replace(stack: ExitStack, original: Any, substitute: Any) -> None:
    """Replace a function in every module of the project and of the tests that has it under some name."""
    for module in list(sys.modules.values()):
        names = [name for name, value in list(vars(module).items()) if value is original] if module else []
        for name in names:
            _set(stack, module, name, substitute)


def _without_kernels(stack: ExitStack) -> None:
    from gwt_ib import kernels

    _replace(stack, kernels.load_kernels, lambda config: False)
    _replace(stack, kernels.use_kernels, lambda config: False)


def _steppers() -> tuple[type, type]:
    from gwt_ib.kernels.act import KernelStepper
    from gwt_ib.rollout.torch_policy import TorchStepper

    return TorchStepper, KernelStepper


def _gate_does_not_gate(stack: ExitStack) -> None:
    """The whole update whatever c: `h = GRU(z, h)`."""
    from gwt_ib.model import cell, unroll

    _without_kernels(stack)
    _set(stack, cell.GatedCell, "gated_update", lambda self, z, state, c: self._proposed(z, state))
    _replace(stack, unroll.unroll, cell.unroll_cell)


def _no_reset(stack: ExitStack) -> None:
    """h goes on into the next episode, in the rollout and in the learner."""
    from gwt_ib.learn import sequences

    for stepper in _steppers():

        def act(self: Any, obs: Any, td_prev: Any, is_first: Any, *rest: Any, _real: Any = stepper.act) -> None:
            self._have_z = False  # a kernel keeps the products of rows that are not first: not those of a new episode
            _real(self, obs, td_prev, np.zeros_like(is_first), *rest)

        _set(stack, stepper, "act", act)
    real = sequences.cut

    def cut(rollout: Any, seq_len: int) -> Any:
        found = real(rollout, seq_len)
        return found._replace(is_first=np.zeros_like(found.is_first))

    _replace(stack, real, cut)


def _circular_bootstrap(stack: ExitStack) -> None:
    """V0 of the next observation by the gate that the present TD error drives."""
    from gwt_ib.model.agent import Agent

    _without_kernels(stack)
    act, bootstrap_value, prior_logit = Agent.act, Agent.bootstrap_value, Agent._prior_logit
    newest: dict[int, Any] = {}
    within: list[bool] = []

    def remembering(self: Any, obs: Any, h: Any, td_prev: Any, is_first: Any, *rest: Any) -> Any:
        newest[id(self)] = (td_prev.clone(), is_first.clone())
        return act(self, obs, h, td_prev, is_first, *rest)

    def circular(self: Any, *given: Any) -> Any:
        within.append(True)
        try:
            return bootstrap_value(self, *given)
        finally:
            within.pop()

    def logit(self: Any, td_prev: Any, is_first: Any, *rest: Any) -> Any:
        known = newest.get(id(self))
        if within and known is not None and known[0].shape == td_prev.shape:
            td_prev, is_first = known
        return prior_logit(self, td_prev, is_first, *rest)

    for name, function in (("act", remembering), ("bootstrap_value", circular), ("_prior_logit", logit)):
        _set(stack, Agent, name, function)


def _pinned_statistics(stack: ExitStack) -> None:
    """The scale of the TD errors is at its floor, whatever they are."""
    from gwt_ib.model.td import TdStatistics

    real = TdStatistics.updated

    def updated(self: Any, td: Any, config: Any) -> Any:
        return replace(real(self, td, config), std=config.td_std_min)

    _set(stack, TdStatistics, "updated", updated)


def _zero_h0(stack: ExitStack) -> None:
    """The learner begins every sequence with an empty memory."""
    from gwt_ib.learn import sequences

    real = sequences.cut

    def cut(rollout: Any, seq_len: int) -> Any:
        found = real(rollout, seq_len)
        return found._replace(h0=np.zeros_like(found.h0))

    _replace(stack, real, cut)


def _whole_numbers(stack: ExitStack) -> None:
    """What environments show is taken for whole numbers, as where a dtype is lost on the way."""
    from gwt_ib.envs.env_batch import EnvBatch

    reset, step = EnvBatch.reset, EnvBatch.step

    def truncating_reset(self: Any, observations: Any) -> None:
        reset(self, observations)
        np.trunc(observations, out=observations)

    def truncating_step(self: Any, actions: Any, **given: Any) -> bool:
        ended = step(self, actions, **given)
        for name in ("observations", "next_observations"):
            np.trunc(given[name], out=given[name])
        return ended

    _set(stack, EnvBatch, "reset", truncating_reset)
    _set(stack, EnvBatch, "step", truncating_step)


def _blind_to(*kinds: str) -> Put:
    """Rules that decide, and never fail."""

    def put(stack: ExitStack) -> None:
        from gwt_ib.gatecheck.rules import RULES

        for rule in RULES:
            if rule.kind in kinds:
                real = type(rule).judge

                def judge(self: Any, context: Any, _real: Any = real) -> Any:
                    found = _real(self, context)
                    return replace(found, status="pass") if found.status == "fail" else found

                _set(stack, type(rule), "judge", judge)

    return put


def _no_seeds(stack: ExitStack) -> None:
    """Random numbers that no seed decides."""
    from gwt_ib import seeding

    _replace(stack, seeding.generator, lambda *name: np.random.default_rng())
    _replace(stack, seeding.derived_seed, lambda *name: int(np.random.default_rng().integers(2**31)))


def _no_clipping(stack: ExitStack) -> None:
    """The gradient as it is, whatever its norm."""
    from gwt_ib.learn.adam import Adam

    real = Adam.step
    _set(stack, Adam, "step", lambda self, scale=1.0: real(self, 1.0))


def _no_clamp(stack: ExitStack) -> None:
    """A bias that goes wherever it likes."""
    from gwt_ib.model.agent import Agent

    _set(stack, Agent, "clamp_bias", lambda self: None)


BUGS: dict[str, tuple[str, Put]] = {
    "1": ("the gate does not gate memory: the whole update whatever c", _gate_does_not_gate),
    "2": ("hidden states are not reset at episode boundaries", _no_reset),
    "3": ("V0 is computed with the TD error that drives the gate", _circular_bootstrap),
    "4": ("the TD statistics are pinned at their floor", _pinned_statistics),
    "5": ("h0 is zero for every sequence that is learnt from", _zero_h0),
    "6": ("observations are stored as whole numbers", _whole_numbers),
    "7a": ("GateCheck does not see a pinned td_std", _blind_to("td_std")),
    "7b": ("GateCheck does not see that evaluations do not improve", _blind_to("eval_improves")),
    "8a": ("random numbers come from no seed", _no_seeds),
    "8b": ("gradients are not clipped", _no_clipping),
    "8c": ("the bias is not clamped", _no_clamp),
}
"""Each bug by its number in the seed document, in parts where one has several: what is wrong, and what puts it there."""


CONTROLS: dict[str, Put] = {"kernels left out": _without_kernels}
"""What a bug is put in with, and is none: tests that fail by it alone say nothing of the bug."""


@contextmanager
def injected(bug: str) -> Iterator[None]:
    """The bug of this number while the context lasts; none where it is empty."""
    with ExitStack() as stack:
        if bug:
            put = CONTROLS[bug] if bug in CONTROLS else BUGS[bug][1]
            put(stack)
        yield


def pytest_configure(config: Any) -> None:
    """As a plugin of pytest: put the bug `GWT_IB_BUG` in before any test is imported, for good."""
    bug = os.environ.get("GWT_IB_BUG", "")
    if bug:
        _import_all()
        context = injected(bug)
        context.__enter__()
        config._injected_bug = context  # a context that is forgotten would take the bug out again


def _import_all() -> None:
    """Load what a bug is put into; modules that are imported later take it from there."""
    import importlib

    for name in ("learn.learner", "learn.gradient", "kernels.act", "rollout.policy", "rollout.collect", "gatecheck.judge",
                 "kernels.gradient", "channel.serial", "training.loop", "envs.check", "evaluation"):  # fmt: skip
        importlib.import_module(f"gwt_ib.{name}")
