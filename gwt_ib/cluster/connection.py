"""A connection to Ray: a cluster that is joined, or one on this machine alone that ends with the process that started it.

Ray's own messages are pickled, so whoever reaches a cluster's ports can run code on it. Ours listens on the loopback
address alone and asks for a token that nobody else knows.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psutil

from gwt_ib.errors import ExitCode, UserError, error_text
from gwt_ib.log import LOGGER
from gwt_ib.text import plain

CONNECT_S = 5.0
"""A cluster on the same network answers within this."""
STARTS = 2
"""Ray gives its daemon 30 s, which on a machine with much else to do are not always enough."""
LEAST_STORE_BYTES = 80 << 20  # Ray takes no smaller object store
HERE = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # a cluster of one machine: nothing of it listens beyond the loopback address
    "RAY_AUTH_MODE": "token",
}

ON_ONE_MACHINE = {
    # Weights go with a call and a block with its answer, not by the object store.
    "max_direct_call_object_size": 4 << 20,
    "raylet_report_resources_period_milliseconds": 1000,  # there is no other machine to hear of it
    "gcs_pull_resource_loads_period_milliseconds": 10_000,
    "report_worker_backlog_interval_ms": 10_000,
    "memory_monitor_refresh_ms": 0,
    "enable_metrics_collection": False,
    "event_stats": False,
    "event_stats_print_interval_ms": 0,
    "debug_dump_period_milliseconds": 0,
    "enable_timeline": False,
    "task_events_report_interval_ms": 0,  # each call would be told to the head by both sides
    "raylet_check_gc_period_milliseconds": 1000,  # ten times a second and more without these
    "object_manager_timer_freq_ms": 1000,
    "kill_idle_workers_interval_ms": 1000,
    "io_context_monitor_probe_interval_ms": 10_000,
    "io_context_event_loop_lag_collection_interval_ms": 10_000,
}
"""What spares a cluster of this machine alone work that nobody needs: measured in docs/cluster.md."""
NOT_NEEDED = ("dashboard/dashboard.py", "log_monitor.py", "autoscaler/_private/monitor.py")
"""Processes of Ray that a cluster of one machine can do without."""
AGENTS = ("RuntimeEnvAgent", "DashboardAgent")
"""Those that Ray's daemon does not live without, though a run asks nothing of them."""
LOWEST_PRIORITY = 19


@dataclass(frozen=True)
class Connection:
    """One process' connection, of which there can be only one; `warning` is a sentence where the cluster can be reached
    by others."""

    address: str
    own: bool
    warning: str = ""
    folder: str = ""
    """Where Ray keeps its sockets and logs, of one that we have started."""

    def close(self) -> None:
        """End the connection, and with it every actor and task of this process; end a cluster that it started."""
        import ray

        ray.shutdown()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def need_ray(what: str = "channel = ray") -> None:
    """Raises `UserError` that says what to install where Ray is missing."""
    if importlib.util.find_spec("ray") is None:
        raise UserError(f"{what} needs the package ray: pip install 'gwt-ib[ray]'.", ExitCode.USAGE)


def connect(address: str, *, cpus: float = 0.0, store_bytes: int = 0, folder: str = "") -> Connection:
    """Join the cluster at `address` (`auto`: the one of this machine), or start one here where it is empty.

    `cpus`, `store_bytes` and `folder` are for one that is started: what it is to offer, how much its objects need at once,
    and where its sockets and logs lie, if not in a folder of their own; it goes with the cluster.
    Raises `UserError`: 2 without Ray, 69 where there is no such cluster, 78 where its versions are others.
    """
    need_ray()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is ever reported unasked
    return _join(address) if address else _start(cpus, store_bytes, folder)


def _start(cpus: float, store_bytes: int, folder: str) -> Connection:
    os.environ.update(HERE)  # read when Ray is imported
    os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    import ray

    _quieten()
    folder = folder or tempfile.mkdtemp(prefix="gwt-ib-")  # short: sockets lie in it
    for further in reversed(range(STARTS)):
        try:
            ray.init(
                num_cpus=max(1, int(-(-cpus // 1))),
                object_store_memory=max(LEAST_STORE_BYTES, store_bytes),
                include_dashboard=False,
                configure_logging=False,
                log_to_driver=False,
                _temp_dir=folder,
                _system_config=ON_ONE_MACHINE,
            )
            break
        except Exception as error:  # noqa: BLE001 - whatever Ray raises where it cannot start
            ray.shutdown()
            _end_all_of(folder)
            if further and "timed out" in str(error):
                LOGGER.warning("Ray is started once more: %s", error_text(error))
                continue
            shutil.rmtree(folder, ignore_errors=True)
            sentence = f"Ray does not start on this machine: {error_text(error)}."
            raise UserError(sentence, ExitCode.RESOURCES_USED_UP) from None
    _quieten_helpers()
    return Connection(_address(), own=True, folder=folder)


def _end_all_of(folder: str) -> None:
    """End the daemons of a start that came to nothing: they would go on until this process ends."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if any(folder in word for word in process.cmdline()):
                process.kill()


def _quieten_helpers() -> None:
    """End Ray's helpers, or let them work only when nobody else wants the processor: they take a tenth of a core."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            words = " ".join(process.cmdline())
            if any(name in words for name in NOT_NEEDED):
                process.kill()
            elif any(name in words for name in AGENTS):
                process.nice(LOWEST_PRIORITY)


def _join(address: str) -> Connection:
    if address != "auto":
        try_out(address)
    import ray

    _quieten()
    try:
        with _silent():
            ray.init(address=address, configure_logging=False, log_to_driver=False)
    except ConnectionError:
        sentence = f"There is no Ray cluster at {plain(address)!r}: start one with `ray start --head`."
        if address != "auto":  # somebody does answer there
            sentence = (
                f"What answers at {plain(address)!r} does not let us in as a Ray cluster: is RAY_AUTH_MODE=token set here, "
                "and is its token in ~/.ray/auth_token?"
            )
        raise UserError(sentence, ExitCode.RESOURCES_USED_UP) from None
    except Exception as error:  # noqa: BLE001 - whatever Ray raises: other versions, a missing token
        other_version = isinstance(error, RuntimeError) and "ersion mismatch" in str(error)
        code = ExitCode.BAD_CONFIGURATION if other_version else ExitCode.RESOURCES_USED_UP
        raise UserError(f"Ray does not let us into {plain(address)!r}: {error_text(error)}.", code) from None
    found = _address()
    return Connection(found, own=False, warning=_exposure(found))


@contextmanager
def _silent() -> Iterator[None]:
    """Where Ray is not let in, its library says so on descriptor 2 every second; we say it once."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _quieten() -> None:
    """Ray prints what its daemons have to say on our stdout, pages of it, where a program may be reading JSON."""
    from ray._private import worker

    def into_the_log(data: Mapping[str, Any], ignore_prefix: bool) -> None:
        LOGGER.info("Ray says: %s", plain(" ".join(map(str, data.get("lines", ()))), 300))

    worker.print_to_stdstream = into_the_log


def _address() -> str:
    import ray

    return str(ray.get_runtime_context().gcs_address)


def try_out(address: str) -> None:
    """Raises `UserError` where nobody answers at the address. Ray itself waits for half a minute, and ends the process."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        sentence = f"ray_address = {address!r} is not possible: expected HOST:PORT, such as 10.0.0.1:6379, or auto."
        raise UserError(sentence, ExitCode.BAD_CONFIGURATION)
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UserError(f"No Ray cluster answers at {address}: {why}.", ExitCode.RESOURCES_USED_UP) from None


def _exposure(address: str) -> str:
    """A sentence where a cluster listens beyond this machine: who reaches it can run code on it."""
    host = address.rpartition(":")[0].strip("[]")
    with suppress(OSError):
        if socket.gethostbyname(host).startswith("127."):
            return ""
    token = os.environ.get("RAY_AUTH_MODE") == "token"
    who = "who reaches its ports and has its token" if token else "whoever reaches its ports"
    return f"The Ray cluster at {address} listens beyond this machine: {who} can run code on every node of it."
