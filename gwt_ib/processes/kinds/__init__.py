"""The kinds of channel: `serial`, `local` and `ray`. Each is a file that makes the learner's side and the actors' side.

Trainer, learner and collector know the seam alone (`seam`). Only the kind that a run uses is imported.
"""

from __future__ import annotations

from gwt_ib.config import Config
from gwt_ib.processes.kinds.seam import ChannelKind


def channel_kind(config: Config) -> ChannelKind:
    """The kind that the configuration names."""
    if config.channel == "serial":
        from gwt_ib.processes.kinds.serial import SERIAL

        return SERIAL
    if config.channel == "ray":
        from gwt_ib.processes.kinds.ray import RAY

        return RAY
    from gwt_ib.processes.kinds.local import LOCAL

    return LOCAL
