"""Sample Factory's asynchronous PPO with a GRU: sampling goes on while the learner learns, so samples may be stale.

A worker process steps the environments, one process infers, one learns. Its rollouts are its sequences: 64 steps from
the stored state, packed at the ends of episodes; four batches of 16 such sequences are one data set of four epochs.
"""

from __future__ import annotations

import os
import tempfile

from sample_factory.algo.utils.context import global_env_registry
from sample_factory.algo.utils.misc import EPISODIC, LEARNER_ENV_STEPS
from sample_factory.cfg.arguments import parse_full_cfg, parse_sf_args
from sample_factory.envs.env_utils import register_env
from sample_factory.train import make_runner
from work import Meter, RowEnv, Work, asked, limit_threads

WORKERS = 1
"""Worker processes, if none are asked for: beside the learner's and the inference's, a second one only waits."""


def make_environment(name: str, *_: object, **__: object) -> RowEnv:
    """One environment; Sample Factory hands over its configuration too."""
    return RowEnv(name)


def words(work: Work, folder: str) -> list[str]:
    """Sample Factory's command line: the work's settings, and nothing that is only for looking at a run."""
    workers = work.workers or WORKERS
    settings = {
        "algo": "APPO",
        "env": work.env_id,
        "experiment": "peer",
        "train_dir": folder,
        "device": "cpu",
        "seed": work.seed,
        "async_rl": True,
        "serial_mode": False,
        "batched_sampling": False,
        "num_workers": workers,
        "num_envs_per_worker": work.envs // workers,
        "worker_num_splits": 2,
        "rollout": work.bptt,
        "recurrence": work.bptt,
        "batch_size": work.batch // work.minibatches,
        "num_batches_per_epoch": work.minibatches,
        "num_epochs": work.epochs,
        "shuffle_minibatches": True,
        "train_for_env_steps": work.updates * work.batch,
        "learning_rate": work.lr,
        "gamma": work.gamma,
        "gae_lambda": work.gae_lambda,
        "ppo_clip_ratio": work.clip,
        "value_loss_coeff": work.vf_coef,
        "exploration_loss_coeff": work.ent_coef,
        "max_grad_norm": work.max_grad_norm,
        "adam_eps": 1e-5,
        "normalize_input": False,
        "normalize_returns": False,
        "use_rnn": True,
        "rnn_type": "gru",
        "rnn_size": work.hidden,
        "rnn_num_layers": 1,
        "encoder_mlp_layers": work.hidden,
        "nonlinearity": "relu",
        "stats_avg": 100,
        "save_every_sec": 100_000,
        "save_best_every_sec": 100_000,
        "experiment_summaries_interval": 100_000,
        "with_wandb": False,
    }
    return [f"--{name}={value}" for name, value in settings.items()]


def train(work: Work, folder: str) -> Meter:
    """Train; the learner says how many environment steps it has learnt from."""
    if work.env_id not in global_env_registry():
        register_env(work.env_id, make_environment)
    line = words(work, folder)
    parser, _ = parse_sf_args(line)
    _, runner = make_runner(parse_full_cfg(parser, line))
    meter = Meter()

    def learnt(_: object, message: dict[str, int], __: int) -> None:
        if message[LEARNER_ENV_STEPS] > meter.marks[-1][1]:
            meter.update(message[LEARNER_ENV_STEPS])

    def ended(_: object, message: dict[str, dict[str, float]], __: int) -> None:
        meter.episode(message[EPISODIC]["reward"])

    # Its own `register_policy_msg_handler` puts a function where it later expects a list.
    runner.policy_msg_handlers[LEARNER_ENV_STEPS].append(learnt)
    runner.policy_msg_handlers[EPISODIC].append(ended)
    runner.init()
    runner.run()
    return meter


def main() -> None:
    """Train, and write one line."""
    work = asked(__doc__)
    limit_threads(work)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        meter = train(work, folder)
        meter.report(work, "sample-factory")


if __name__ == "__main__":
    main()
