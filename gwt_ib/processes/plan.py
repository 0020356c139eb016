"""Which processes, threads and device a run will use: known, and refused, before anything is started."""

from __future__ import annotations

import subprocess

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.kernels import use_kernels
from gwt_ib.processes.children import PYTHON


def check_device(device: str) -> None:
    """Ask torch, in a process of its own, whether there is such a device. Raises `UserError` (78) where there is not."""
    if device == "cpu":
        return
    question = f"import torch; torch.zeros(1, device={device!r})"
    answer = subprocess.run([*PYTHON, "-c", question], stdin=subprocess.DEVNULL, capture_output=True)
    if answer.returncode:
        raise UserError(
            f'device = {device!r}, but torch finds no such device here; use device = "cpu".',
            ExitCode.BAD_CONFIGURATION,
        )


def check_channel(config: Config) -> None:
    """Whether the channel can be had. Raises `UserError` where Ray is missing, or nobody answers at its address."""
    if config.channel == "ray":
        from gwt_ib.cluster.connection import need_ray, try_out

        need_ray()
        if config.ray_address not in ("", "auto"):
            try_out(config.ray_address)


def learner_threads(config: Config) -> int:
    """The threads that share the work on a minibatch. Raises `UserError` where the kernels cannot be had."""
    if config.device != "cpu" or not use_kernels(config):
        return 1
    return min(config.learner_threads, config.sequences // config.minibatches)


def thread_plan(config: Config) -> str:
    """Which processes the run uses, with how many threads. Raises `UserError` where the kernels cannot be had."""
    count = learner_threads(config)
    if config.channel == "serial":
        learner = f"1 learner that also steps {config.num_envs} environments as {config.num_actors} actor(s)"
        return f"{learner}, one thread" if count == 1 else f"{learner}, {count} threads while it learns"
    where = " in the cluster" if config.channel == "ray" else ""
    processes = f"1 learner and {config.num_actors} actor(s){where} of {config.envs_per_actor} environments"
    return f"{processes}, one thread each" + ("" if count == 1 else f"; {count} in the learner while it learns")
