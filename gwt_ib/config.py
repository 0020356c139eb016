"""Every setting of a run: name, default, unit, range and meaning, in one frozen object.

The first seven groups are the method's, the others what a run needs beside it; `config_sources` fills the
object from TOML files, presets and the command line. Nothing else in the project holds a default.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo

ResumeClass = Literal["free", "override", "fixed"]
"""Whether a resumed run may have another value: without a word, where the user says `--override`, or never."""


def setting(
    default: Any, meaning: str, unit: str = "", *, live: bool = False, resume: ResumeClass | None = None, **limits: Any
) -> Any:
    """One field of the configuration; `limits` are pydantic's (`ge`, `gt`, `le`, `lt`).

    `live` marks a number that may be changed while a run trains: only the learner reads it, once in each update, and no
    value within its limits can end the run. So it is free for a resumed run too; of others that say nothing a resumed
    run may have another value with `--override`.
    """
    extra: dict[str, Any] = {"unit": unit, "live": live, "resume": resume or ("free" if live else "override")}
    return Field(default=default, description=meaning, json_schema_extra=extra, **limits)


class Config(BaseModel):
    """The resolved configuration of one run."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True)

    # Environment
    env_id: str = setting(
        "popgym-CountRecallEasy-v0", "Gymnasium id of the task, or module:env-id", min_length=1, resume="fixed"
    )
    num_envs: int = setting(
        16, "environments stepped in parallel, over all actors", "environments", ge=1, le=65536, resume="fixed"
    )
    seed: int = setting(42, "seed from which every random number of the run is derived", ge=0, lt=2**63, resume="fixed")
    prev_action: bool = setting(
        False, "append the previous action and a first-step flag, as POPGym's wrappers do", resume="fixed"
    )

    # Training
    total_timesteps: int = setting(
        500_000,
        "length of the run; the last incomplete rollout is not made",
        "env steps",
        ge=1,
        resume="free",
    )
    rollout_steps: int = setting(
        256, "steps that each environment makes for one update", "steps", ge=1, le=65536, resume="fixed"
    )
    seq_len: int = setting(64, "length of the sequences that are backpropagated through", "steps", ge=1, le=65536)

    # PPO
    epochs: int = setting(4, "passes over a rollout in one update", "passes", ge=1, le=1000)
    minibatches: int = setting(4, "parts into which the sequences of a rollout are split in each pass", "parts", ge=1)
    lr: float = setting(2.5e-4, "Adam's learning rate", live=True, ge=0.0, le=1.0)
    lr_final_fraction: float = setting(
        1.0, "part of lr that is left at the last update; it falls linearly, 1 keeps it", ge=0.0, le=1.0
    )
    gamma: float = setting(0.99, "discount factor", ge=0.0, le=1.0)
    gae_lambda: float = setting(0.95, "lambda of generalised advantage estimation", ge=0.0, le=1.0)
    clip_eps: float = setting(0.2, "PPO's clipping range of the probability ratio", gt=0.0, le=10.0)
    target_kl: float = setting(
        0.0, "mean approx_kl of a pass from which on an update makes no further pass; 0 sets no limit", "nats", ge=0.0
    )
    clip_vf: float = setting(
        0.0, "how far a value may move from the behaviour policy's in the value loss; 0 does not clip", "return", ge=0.0
    )
    norm_value_loss: bool = setting(False, "measure the value loss in units of the returns' running variance")
    refresh_h0: bool = setting(
        False, "compute the sequences' initial states again with the newest weights before every pass but the first"
    )
    vf_coef: float = setting(0.5, "weight of the value loss", ge=0.0)
    ent_coef: float = setting(0.01, "weight of the entropy bonus", live=True, ge=0.0, le=100.0)
    ent_final_fraction: float = setting(
        1.0, "part of ent_coef that is left at the last update; it falls linearly, 1 keeps it", ge=0.0, le=1.0
    )
    max_grad_norm: float = setting(0.5, "global norm to which gradients are clipped", gt=0.0)

    # Router and gate
    td_scale: float = setting(5.0, "slope of the prior's logit in |td_norm|", ge=0.0)
    base_logit: float = setting(-1.0, "constant part of the prior's logit", "logit")
    bias_init: float = setting(-1.5, "first value of the learnt part of the prior's logit", "logit", resume="fixed")
    bias_clamp_min: float = setting(-4.0, "lowest bias", "logit")
    bias_clamp_max: float = setting(2.0, "highest bias", "logit")

    # Information bottleneck
    target_c: float = setting(0.35, "budget: the mean gate that each sequence is drawn to", live=True, ge=0.0, le=1.0)
    lambda_c: float = setting(0.05, "weight of the bottleneck loss after its warm-up", live=True, ge=0.0, le=1e4)
    budget_warmup_updates: int = setting(25, "updates over which that weight rises linearly from 0", "updates", ge=0)

    # TD normalisation
    td_ema: float = setting(0.99, "decay per environment step of the TD errors' mean", ge=0.0, lt=1.0)
    td_scale_ema2: float = setting(0.995, "decay per environment step of the TD errors' scale", ge=0.0, lt=1.0)
    td_quantile: float = setting(0.90, "quantile of |td - td_mean| that is the scale", gt=0.0, lt=1.0)
    td_std_min: float = setting(1e-3, "floor of the scale", "reward", gt=0.0)
    td_std_max: float = setting(50.0, "ceiling of the scale", "reward", gt=0.0)
    td_buffer: int = setting(8192, "newest TD errors over which the quantile is taken", "TD errors", ge=16, le=2**24)

    # Agent
    hidden_size: int = setting(
        128, "width of the encoder and of the recurrent state", "units", ge=1, le=8192, resume="fixed"
    )
    cell: Literal["gru", "lstm"] = setting("gru", "recurrent cell behind the gate", resume="fixed")
    gate: Literal["td", "router", "prior", "open", "constant"] = setting(
        "td",
        "td: prior driven by the TD error, and router; router: no prior; prior: no router; open: 1; constant: target_c",
        resume="fixed",
    )
    encoder_layers: int = setting(
        1, "layers of the encoder, hidden_size wide each", "layers", ge=1, le=8, resume="fixed"
    )
    head_layers: int = setting(
        0, "hidden layers of actor and critic each, hidden_size wide", "layers", ge=0, le=8, resume="fixed"
    )
    memory: bool = setting(
        True,
        "false forces h to zero before every step: the memoryless baseline, together with td_scale = 0",
        resume="fixed",
    )

    # Evaluation and snapshots
    eval_every: int = setting(10, "updates between evaluations; 0 switches them off", "updates", ge=0, resume="free")
    eval_episodes: int = setting(
        20, "episodes of one evaluation, on seeds of their own", "episodes", ge=1, le=10_000, resume="free"
    )
    eval_gate_share: float = setting(
        0.02,
        "part of the run that its evaluations may take to play with the gate replaced, counted in steps; 0 plays none",
        ge=0.0,
        le=1.0,
        resume="free",
    )
    eval_max_steps: int = setting(
        10_000, "steps after which an evaluation episode is cut off", "steps", ge=1, resume="free"
    )
    snapshot_every: int = setting(
        50,
        "updates between snapshots; 0 leaves those asked for and the last",
        "updates",
        ge=0,
        resume="free",
    )
    snapshot_minutes: float = setting(
        5.0, "minutes after which a snapshot is due too; 0 leaves it to updates", "minutes", ge=0.0, resume="free"
    )
    export: Literal["", "csv", "parquet", "tensorboard", "wandb", "trackio"] = setting(
        "",
        "format in which the metrics are also written, to exports/ in the run's directory; wandb stays offline; empty: none",
        resume="free",
    )
    export_names: Literal["ours", "cleanrl", "sb3"] = setting(
        "ours", "whose names the metrics have there: see docs/exports.md", resume="free"
    )
    rescue_dir: str = setting(
        "", "directory on another file system for the last snapshot where the run's own refuses it", resume="free"
    )

    # Processes
    channel: Literal["local", "serial", "ray"] = setting(
        "local",
        "local: actor processes and shared memory; serial: the actors inside the learner's process; ray: on a cluster",
        resume="free",
    )
    num_actors: int = setting(
        2, "actors, each stepping num_envs / num_actors environments", "actors", ge=1, le=4096, resume="free"
    )
    max_policy_lag: Literal[0, 1] = setting(
        0,
        "0: actors wait for the learner, strictly on-policy and repeatable; 1: they collect while it learns",
        "versions",
    )
    kernels: Literal["auto", "numba", "torch"] = setting(
        "auto", "what computes: numba, kernels compiled for this processor; torch; auto: numba where it is installed"
    )
    learner_threads: int = setting(
        2,
        "threads that share a minibatch where kernels compute, at most one a sequence; part of every seeded result",
        "threads",
        ge=1,
        le=256,
    )
    device: str = setting(
        "cpu", "torch device of the learner, such as cpu, cuda or cuda:1", pattern=r"^(cpu|cuda(:\d+)?)$"
    )
    hang_timeout_s: float = setting(
        10.0,
        "least time without a step after which an actor counts as hung; slow environments get more",
        "s",
        gt=0.0,
        resume="free",
    )
    start_timeout_s: float = setting(
        60.0,
        "least time for the environment's check, an actor or the evaluator to start; twice that for the learner",
        "s",
        gt=0.0,
        resume="free",
    )
    learner_timeout_s: float = setting(
        120.0,
        "time without progress after which the learner is replaced from the newest snapshot",
        "s",
        gt=0.0,
        resume="free",
    )
    max_restarts: int = setting(
        5, "deaths of one process within 10 minutes that a run survives", "deaths", ge=0, resume="free"
    )

    # Actors on a cluster
    ray_address: str = setting(
        "", "Ray cluster to join, or auto for this machine's; empty: one here that ends with the run", resume="free"
    )
    ray_cpus: float = setting(
        1.0, "CPUs that each actor takes in the cluster", "CPUs", ge=0.0, le=1024.0, resume="free"
    )
    ray_memory_mb: float = setting(0.0, "memory that each actor takes in the cluster", "MiB", ge=0.0, resume="free")
    ray_resources: str = setting(
        "",
        "further resources of each actor, such as fast=1,arm=0.5",
        pattern=r"^([\w.:-]+=\d+(\.\d+)?(,[\w.:-]+=\d+(\.\d+)?)*)?$",
        resume="free",
    )
    ray_wait_s: float = setting(
        60.0, "time that actors may wait for a place in the cluster before the run pauses", "s", gt=0.0, resume="free"
    )

    # Log and exports
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info",
        "least level of what the processes log; debug has a line per update and block",
        resume="free",
    )

    @model_validator(mode="after")
    def _arithmetic_holds(self) -> Self:
        """Every relation between fields, each with a sentence that names the numbers."""
        sequences = f"the {self.sequences} sequences of a rollout (num_envs * rollout_steps / seq_len)"
        for field, value, whole, name in (
            ("seq_len", self.seq_len, self.rollout_steps, f"rollout_steps = {self.rollout_steps}"),
            ("num_actors", self.num_actors, self.num_envs, f"num_envs = {self.num_envs}"),
            ("minibatches", self.minibatches, self.sequences, sequences),
        ):
            if whole % value:
                divisors = [divisor for divisor in range(1, whole + 1) if whole % divisor == 0]
                nearest = min(divisors, key=lambda divisor: (abs(divisor - value), divisor))
                raise ValueError(f"{field} = {value} does not divide {name}; the nearest that does is {nearest}")
        if self.total_timesteps < self.steps_per_update:
            raise ValueError(
                f"total_timesteps = {self.total_timesteps} is less than one rollout of {self.steps_per_update} env steps "
                f"(num_envs * rollout_steps), so no update would be made"
            )
        if self.rescue_dir and not self.rescue_dir.startswith("/"):
            raise ValueError(f"rescue_dir = {self.rescue_dir!r} must begin with /: it is used from several directories")
        if self.td_std_min >= self.td_std_max:
            raise ValueError(f"td_std_min = {self.td_std_min:g} must be below td_std_max = {self.td_std_max:g}")
        if not self.bias_clamp_min <= self.bias_init <= self.bias_clamp_max:
            raise ValueError(
                f"bias_init = {self.bias_init:g} is outside [bias_clamp_min, bias_clamp_max] = "
                f"[{self.bias_clamp_min:g}, {self.bias_clamp_max:g}]"
            )
        return self

    @property
    def steps_per_update(self) -> int:
        """Environment steps in one rollout of all environments."""
        return self.num_envs * self.rollout_steps

    @property
    def num_updates(self) -> int:
        """Updates of the whole run; the last, incomplete rollout is not made."""
        return self.total_timesteps // self.steps_per_update

    @property
    def sequences(self) -> int:
        """Sequences of `seq_len` steps in one rollout of all environments."""
        return self.steps_per_update // self.seq_len

    @property
    def envs_per_actor(self) -> int:
        """Environments that each actor steps in lockstep."""
        return self.num_envs // self.num_actors


GROUPS: dict[str, str] = {
    "Environment": "env_id",
    "Training": "total_timesteps",
    "PPO": "epochs",
    "Router and gate": "td_scale",
    "Information bottleneck": "target_c",
    "TD normalisation": "td_ema",
    "Agent": "hidden_size",
    "Evaluation and snapshots": "eval_every",
    "Processes": "channel",
    "Actors on a cluster": "ray_address",
    "Log and exports": "log_level",
}
"""The groups of fields, as the comments above name them, each with its first field."""


def groups() -> dict[str, tuple[str, ...]]:
    """The fields of each group, both in the order of the configuration."""
    firsts = {field: group for group, field in GROUPS.items()}
    found: dict[str, list[str]] = {}
    group = ""
    for name in Config.model_fields:
        group = firsts.get(name, group)
        found.setdefault(group, []).append(name)
    return {name: tuple(fields) for name, fields in found.items()}


def resume_class(field: str) -> ResumeClass:
    """Whether a resumed run may have another value of a field."""
    extra: Any = Config.model_fields[field].json_schema_extra
    found: ResumeClass = extra["resume"]
    return found


def is_gate_itself(config: Config, field: str) -> bool:
    """Whether a live setting is fixed in this run: a constant gate is the target_c of the run's start."""
    return config.gate == "constant" and field == "target_c"


def live_settings() -> tuple[str, ...]:
    """The fields that may be changed while a run trains, in the order of the configuration."""
    extras: dict[str, Any] = {name: field.json_schema_extra for name, field in Config.model_fields.items()}
    return tuple(name for name, extra in extras.items() if extra["live"])


def range_words(field: FieldInfo) -> str:
    """The limits of a number, such as `>= 0.0, <= 1.0`; empty where there are none."""
    signs = {"Ge": ">=", "Gt": ">", "Le": "<=", "Lt": "<"}
    limits = [str(limit) for limit in field.metadata]  # pydantic's Ge(ge=0.0) and Le(le=1.0)
    return ", ".join(f"{signs[limit[:2]]} {limit.split('=')[1].rstrip(')')}" for limit in limits if limit[:2] in signs)
