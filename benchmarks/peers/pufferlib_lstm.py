"""PufferLib's trainer with its default policy in its LSTM wrapper.

Its source zeroes the LSTM's state before every rollout and trains each segment of 64 steps from a zero state, without a
reset where an episode begins inside; and a reset takes a step of its own. So it does less than the others do, and that is
how it is shipped. Its weighting of segments (`prio_alpha`) and V-trace ratios are its defaults; Adam stands for its Muon.
"""

from __future__ import annotations

import functools
import os
import tempfile
import warnings

from work import Meter, RowEnv, Work, asked, limit_threads


def make_environment(env_id: str, buf: object = None, seed: int = 0) -> object:
    """One environment in PufferLib's emulation, which writes into the shared buffer."""
    import pufferlib.emulation

    return pufferlib.emulation.GymnasiumPufferEnv(env_creator=functools.partial(RowEnv, env_id), buf=buf, seed=seed)


def settings(work: Work, folder: str) -> dict[str, object]:
    """The trainer's configuration: the work's settings, and PufferLib's own where the work says nothing."""
    return {
        "env": work.env_id,
        "seed": work.seed,
        "torch_deterministic": False,
        "cpu_offload": False,
        "device": "cpu",
        "optimizer": "adam",
        "anneal_lr": False,
        "precision": "float32",
        "total_timesteps": work.updates * work.batch,
        "learning_rate": work.lr,
        "gamma": work.gamma,
        "gae_lambda": work.gae_lambda,
        "update_epochs": work.epochs,
        "clip_coef": work.clip,
        "vf_coef": work.vf_coef,
        "vf_clip_coef": work.clip,
        "max_grad_norm": work.max_grad_norm,
        "ent_coef": work.ent_coef,
        "adam_beta1": 0.9,
        "adam_beta2": 0.999,
        "adam_eps": 1e-5,
        "data_dir": folder,
        "checkpoint_interval": work.updates + 1,
        "batch_size": work.batch,
        "minibatch_size": work.batch // work.minibatches,
        "max_minibatch_size": work.batch // work.minibatches,
        "bptt_horizon": work.bptt,
        "compile": False,
        "compile_mode": "default",
        "compile_fullgraph": False,
        "vtrace_rho_clip": 1.0,
        "vtrace_c_clip": 1.0,
        "prio_alpha": 0.8,
        "prio_beta0": 0.2,
        "use_rnn": True,
    }


def train(work: Work, folder: str) -> Meter:
    """Train, with the dashboard and the kernel for a GPU switched off."""
    import torch
    from pufferlib import models, pufferl, vector

    pufferl.ADVANTAGE_CUDA = False  # it takes a compiler on the path for a kernel that was built
    pufferl.PuffeRL.print_dashboard = lambda *_, **__: None
    torch.manual_seed(work.seed)
    backend = {"backend": vector.Multiprocessing, "num_workers": work.workers} if work.workers else {}
    environments = vector.make(
        make_environment,
        env_kwargs={"env_id": work.env_id},
        num_envs=work.envs,
        seed=work.seed,
        **(backend or {"backend": vector.Serial}),
    )
    policy = models.LSTMWrapper(
        environments.driver_env,
        models.Default(environments.driver_env, hidden_size=work.hidden),
        input_size=work.hidden,
        hidden_size=work.hidden,
    )
    trainer = pufferl.PuffeRL(settings(work, folder), environments, policy)
    meter = Meter()
    steps = 0
    while steps < work.updates * work.batch:
        for total in trainer.evaluate().pop("episode/r", []):
            meter.episode(total)
        trainer.train()
        steps += work.batch
        meter.update(steps)
    environments.close()
    trainer.utilization.stop()
    return meter


def main() -> None:
    """Train, and write one line."""
    work = asked(__doc__)
    limit_threads(work)
    warnings.filterwarnings("ignore", category=UserWarning)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # importing PufferLib puts a link into the working directory
        meter = train(work, folder)
        meter.report(work, "pufferlib")


if __name__ == "__main__":
    main()
