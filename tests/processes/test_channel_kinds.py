"""The seam of the channel's kinds: who imports what, and that all that crosses it holds on another machine."""

import subprocess
import sys
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from cluster_here import WITH_RAY
from support import small_config

from gwt_ib.cluster.desk import Desk, Left
from gwt_ib.cluster.remote_actor import Answer, RemoteActor
from gwt_ib.model.weights import Weights
from gwt_ib.processes.kinds import channel_kind

PLAIN = {int, float, str, bool, bytes, type(None), np.ndarray, Any}


def crosses(kind: Any) -> set[Any]:
    """What a type is made of, down to its plainest parts."""
    if get_origin(kind) is np.ndarray:
        return {np.ndarray}
    if get_args(kind) and get_origin(kind) is not None:
        return set().union(*map(crosses, get_args(kind)))
    if hasattr(kind, "__mro__") and tuple in kind.__mro__ and hasattr(kind, "_fields"):
        return set().union(*map(crosses, get_type_hints(kind).values()))
    if is_dataclass(kind):
        return set().union(*(crosses(get_type_hints(kind)[field.name]) for field in fields(kind)))
    return {kind}


@pytest.mark.parametrize("remote", [RemoteActor, Desk])
def test_all_that_goes_to_another_machine_and_back_is_numbers_texts_and_arrays(remote: Any) -> None:
    """No descriptor, process id, path or file could be one of these by its type; what a dict holds are those fields."""
    methods = [getattr(remote, name) for name in vars(remote) if not name.startswith("_") or name == "__init__"]
    kinds: set[Any] = set()
    for method in (method for method in methods if callable(method)):
        kinds |= set().union(set(), *map(crosses, get_type_hints(method).values()))
    kinds |= crosses(Answer) | crosses(Left) | crosses(Weights)
    assert kinds <= PLAIN, f"{kinds - PLAIN} would cross"
    assert {int, str} <= kinds


def test_what_crosses_names_nothing_of_one_machine() -> None:
    names = {*Answer._fields, *Left._fields, *(field.name for field in fields(Weights))}
    assert not names & {"pid", "path", "fd", "descriptor", "time", "heartbeat"}


@pytest.mark.parametrize("channel", ["serial", "local", pytest.param("ray", marks=WITH_RAY)])
def test_only_the_kind_that_a_run_uses_is_imported_and_ray_by_the_bridge_alone(channel: str) -> None:
    code = (
        "import sys; from gwt_ib.config import Config; from gwt_ib.processes.kinds import channel_kind; "
        f"channel_kind(Config(channel={channel!r})); import gwt_ib.processes.trainer; "
        "print(*sorted(name for name in sys.modules if name.startswith('gwt_ib.processes.kinds.')), 'ray' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    kinds = {"local", "ray"} if channel == "ray" else {channel}  # behind the bridge there is shared memory, too
    assert said == [*(f"gwt_ib.processes.kinds.{kind}" for kind in sorted({*kinds, "seam"})), "False"]


def test_every_kind_has_both_sides() -> None:
    for channel in ("serial", "local", "ray"):
        kind = channel_kind(small_config(channel=channel))
        assert callable(kind.actors) and callable(kind.channel)
