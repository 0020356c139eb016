"""What is found out before a run gets a directory: whether this machine can train it at all, and what its environment is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from gwt_ib.config import Config
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.exports.formats import check_installed
from gwt_ib.kernels import use_kernels
from gwt_ib.processes.check import check_in_child
from gwt_ib.processes.limits import descriptors_needed, raise_descriptor_limit
from gwt_ib.processes.plan import check_channel, check_device


def refuse_what_cannot_run(
    config: Config, show: Callable[[str], None], meanwhile: Callable[[], object] = lambda: None
) -> EnvironmentSpec:
    """What the check of the environment found; what has to be known of it is handed to `show`, line by line.

    `meanwhile` is done in a thread, as the check is made in a process of its own. Raises `UserError` for an environment, a
    device, kernels, an export or a number of open files that this machine does not have.
    """
    try:
        Path.cwd()
    except OSError:  # children could load next to nothing
        words = "The current directory has been removed: change into one that exists."
        raise UserError(words, ExitCode.USAGE) from None
    check_installed(config.export)
    raise_descriptor_limit(descriptors_needed(config))
    beside = threading.Thread(target=meanwhile, daemon=True)
    beside.start()
    spec = check_in_child(config, show=show)
    beside.join()
    check_channel(config)
    check_device(config.device)
    use_kernels(config)
    for note in spec.notes:
        show(f"{config.env_id}: {note}")
    return spec
