"""Where a run was made: by this user on this machine, or elsewhere; the module that a stranger's run names is code.

`run.json` carries an HMAC of what its environment is and when the run was made, with a key that no other user can read.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from gwt_ib.durable import write_all
from gwt_ib.machine import own_folder
from gwt_ib.runs.record import RunRecord

KEY_BYTES = 32


def origin_of(env_id: str, created: float | None) -> str | None:
    """The mark of a run that is made here; none where this user has no folder for the key."""
    key = _key()
    if key is None or created is None:
        return None
    return hmac.new(key, f"{created!r}\n{env_id}".encode(errors="backslashreplace"), hashlib.sha256).hexdigest()


def made_here(record: RunRecord, env_id: str) -> bool:
    """Whether the run of this record was made here, with the environment that is about to be imported."""
    if not record.origin.isascii():
        return False
    expected = origin_of(env_id, record.created)
    return expected is not None and hmac.compare_digest(expected, record.origin)


def module_of(env_id: str) -> str:
    """The module that an environment's id asks to import; empty for one of the registered ids."""
    return env_id.partition(":")[0] if ":" in env_id else ""


def module_made_elsewhere(record: RunRecord, env_id: str) -> str:
    """The module that this environment of a run made elsewhere asks to import; empty where nobody has to be trusted."""
    module = module_of(env_id)
    return "" if not module or made_here(record, env_id) else module


def _key() -> bytes | None:
    """This user's key, made at the first need. None where it cannot be kept, or is not this user's alone."""
    folder = own_folder("state")
    if folder is None:
        return None
    path = folder / "origin.key"
    with suppress(OSError):
        if not path.exists():
            _make_key(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            key = os.read(descriptor, KEY_BYTES + 1)
        finally:
            os.close(descriptor)
        if status.st_uid == os.getuid() and not status.st_mode & 0o077 and len(key) == KEY_BYTES:
            return key
    return None


def _make_key(path: Path) -> None:
    """Put a whole key in its place, unless somebody was faster. Raises `OSError`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp-{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            write_all(descriptor, secrets.token_bytes(KEY_BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        with suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)
