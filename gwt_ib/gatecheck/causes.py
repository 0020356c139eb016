"""Settings that by themselves keep a run from learning or its gate from working, each named with its default.

Advice that reads the metrics alone is wrong where a setting is the cause: who has `lr = 0` is not helped by doubling it. So
before a rule says what to try it looks here, and the first that is found is named. They are in the order of how surely they
are the cause: what makes learning impossible, what leaves nothing to be judged by, then what is far from its default. The
limits are wide: a preset, or a search around the defaults, does not come to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gwt_ib.config import Config

DEFAULTS = Config()

FEWEST_UPDATES = 20  # fewer updates teach next to nothing
LEARNING = frozenset(
    {"eval_improves", "critic_explains_returns", "critic_keeps_up", "policy_still_explores", "router_adds_to_prior"}
)
GATE = frozenset(
    {"gate", "gate_moves", "gate_partly_open", "mean_c_near_target", "bias_inside_clamps", "surprise_opens_gate"}
)
SCALE = frozenset({"td_std"})
EVALUATIONS = frozenset({"eval_improves", "gate"})


@dataclass(frozen=True)
class Cause:
    """A setting that is far off: when, what it does, and which verdicts it explains: rules by their kind, or `gate`."""

    field: str
    is_off: Callable[[Config], bool]
    effect: str
    explains: frozenset[str]

    def words(self, config: Config) -> str:
        """As in `lr = 0: no weight ever changes. The default is 0.00025.`"""
        return f"{self.field} = {_shown(getattr(config, self.field))}: {self.effect}. The default is {self.default}."

    @property
    def default(self) -> str:
        """The setting's default as it is written."""
        return _shown(getattr(DEFAULTS, self.field))


def _has_prior(config: Config) -> bool:
    """Whether there is a prior that could be too low or too high for any TD error and bias."""
    return config.gate in ("td", "prior")


def _has_budget(config: Config) -> bool:
    """Whether there is a gate that the budget can draw anywhere."""
    return config.lambda_c > 0.0 and config.gate not in ("open", "constant")


CAUSES: tuple[Cause, ...] = (
    # Learning is impossible.
    Cause("lr", lambda config: config.lr == 0.0, "no weight ever changes", LEARNING | GATE | SCALE),
    Cause("lr", lambda config: config.lr < 1e-6, "the weights hardly change", LEARNING | GATE | SCALE),
    Cause("lr", lambda config: config.lr > 0.02, "steps that large destroy the policy", LEARNING | GATE | SCALE),
    Cause(
        "base_logit", lambda config: _has_prior(config) and config.base_logit < -10.0,
        "the gate is shut, so nothing is written to memory", LEARNING | GATE,
    ),
    Cause(
        "bias_clamp_max", lambda config: _has_prior(config) and config.bias_clamp_max < -9.0,
        "the gate is shut, so nothing is written to memory", LEARNING | GATE,
    ),
    Cause(
        "target_c", lambda config: config.gate == "constant" and config.target_c < 0.02,
        "the gate is shut, so nothing is written to memory", LEARNING,
    ),
    Cause(
        "memory", lambda config: not config.memory, "the state is cut at every step, so nothing is remembered",
        LEARNING | GATE,
    ),
    Cause("max_grad_norm", lambda config: config.max_grad_norm < 1e-4, "gradients are clipped to nothing", LEARNING | GATE),
    Cause("clip_eps", lambda config: config.clip_eps < 1e-3, "the policy may not move", LEARNING),
    Cause(
        "clip_vf", lambda config: 0.0 < config.clip_vf < 1e-3, "the critic may not move, so TD errors are noise",
        LEARNING | SCALE,
    ),
    Cause(
        "target_kl", lambda config: 0.0 < config.target_kl < 1e-5, "updates stop before the policy moves", LEARNING
    ),
    Cause("td_std_min", lambda config: config.td_std_min >= 0.05, "the scale of the TD errors cannot fall below it", SCALE),
    Cause("td_std_max", lambda config: config.td_std_max <= 0.05, "the scale of the TD errors cannot pass it", SCALE),
    # Nothing to judge by.
    Cause("eval_every", lambda config: config.eval_every == 0, "no evaluation ever runs", EVALUATIONS),
    Cause(
        "total_timesteps", lambda config: config.num_updates < FEWEST_UPDATES, "too few updates to learn by", LEARNING
    ),
    Cause(
        "eval_every", lambda config: config.num_updates < 4 * config.eval_every, "too few evaluations to compare",
        EVALUATIONS,
    ),
    Cause(
        "eval_episodes", lambda config: config.eval_episodes < 7, "too few episodes to tell a rise from chance",
        EVALUATIONS,
    ),
    Cause(
        "eval_max_steps", lambda config: config.eval_max_steps < 20, "evaluations are cut off before they can score",
        EVALUATIONS,
    ),
    # Far from the default.
    Cause("gamma", lambda config: config.gamma < 0.5, "what comes later counts for next to nothing", LEARNING | SCALE),
    Cause("ent_coef", lambda config: config.ent_coef > 1.0, "the entropy bonus drowns the returns", LEARNING),
    Cause("vf_coef", lambda config: config.vf_coef > 100.0, "the value loss drowns the policy's", LEARNING),
    Cause(
        "vf_coef", lambda config: config.vf_coef == 0.0, "the critic never learns, so TD errors are noise",
        LEARNING | GATE | SCALE,
    ),
    Cause(
        "lambda_c", lambda config: _has_budget(config) and config.lambda_c > 5.0, "the budget drowns the returns",
        LEARNING | GATE,
    ),
    Cause(
        "rollout_steps", lambda config: config.rollout_steps < 16, "too short to learn over more than a few steps",
        LEARNING,
    ),
    Cause("seq_len", lambda config: config.seq_len < 4, "gradients reach no further back", LEARNING),
    Cause("hidden_size", lambda config: config.hidden_size < 8, "too narrow to remember much", LEARNING | GATE),
    Cause(
        "minibatches", lambda config: config.epochs * config.minibatches < 3,
        "next to no gradient steps (epochs times minibatches an update)", LEARNING | GATE,
    ),
    Cause("epochs", lambda config: config.epochs > 50, "each rollout is learnt by heart", LEARNING),
    Cause(
        "clip_eps", lambda config: config.clip_eps > 2.0, "the policy is not held near the one that acted", LEARNING
    ),
    Cause("td_quantile", lambda config: config.td_quantile < 0.2, "the scale follows the smallest TD errors", SCALE | GATE),
    # The gate.
    Cause(
        "base_logit", lambda config: _has_prior(config) and config.base_logit > 10.0,
        "the gate is open, whatever the TD error", GATE | {"router_adds_to_prior"},
    ),
    Cause(
        "bias_clamp_min", lambda config: _has_prior(config) and config.bias_clamp_min > 10.0,
        "the gate is open, whatever the TD error", GATE | {"router_adds_to_prior"},
    ),
    Cause(
        "target_c", lambda config: _has_budget(config) and config.target_c > 0.9, "the budget asks for an open gate",
        GATE,
    ),
    Cause(
        "target_c", lambda config: _has_budget(config) and config.target_c < 0.02, "the budget asks for a shut gate",
        GATE | LEARNING,
    ),
    Cause(
        "td_scale", lambda config: _has_prior(config) and config.td_scale < 0.05, "the TD error does not move the gate", GATE
    ),
    Cause(
        "td_scale", lambda config: _has_prior(config) and config.td_scale > 500.0, "the least TD error opens the gate", GATE
    ),
    Cause(
        "budget_warmup_updates", lambda config: _has_budget(config) and config.budget_warmup_updates > config.num_updates,
        "the budget never has its weight", frozenset({"mean_c_near_target"}),
    ),
)  # fmt: skip


def first_cause(config: Config, kind: str) -> str:
    """What explains a rule's verdict, or that on the `gate`, by the settings; empty where nothing is far off."""
    found = (cause.words(config) for cause in CAUSES if kind in cause.explains and cause.is_off(config))
    return next(found, "")


def _shown(value: object) -> str:
    """A setting as it is written in a TOML file."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else f"{value}"
