"""Compile every kernel for this processor ahead of the first run: `python -m gwt_ib.kernels`."""

from __future__ import annotations

from itertools import product

import numpy as np
from gymnasium import spaces

from gwt_ib.config import Config
from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.kernels.act import KernelPolicy
from gwt_ib.kernels.gradient import KernelGradient
from gwt_ib.sections import Sections


def main() -> None:
    """Kernels are compiled for kinds of arrays, not for sizes: one run of each cell and kind of action is all there is."""
    kinds = map(ActionCodec, (spaces.Discrete(2), spaces.Box(-1, 1, (1,))))
    configs = (
        Config(hidden_size=8, learner_threads=1, cell="gru"),
        Config(hidden_size=8, learner_threads=1, cell="lstm"),
    )
    for actions, config in product(kinds, configs):
        policy = KernelPolicy(1, actions, config)
        policy.prepare()
        KernelGradient(1, actions, config, policy.vector, np.zeros_like(policy.vector), Sections()).prepare()


if __name__ == "__main__":
    main()
