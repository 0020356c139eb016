"""Where kernels come from: the folder of machine code, and what happens where numba cannot be used."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import small_config

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.kernels import compiled, load_kernels, use_kernels

PRODUCT = """
import numpy as np
from gwt_ib.kernels import compiled
from gwt_ib.kernels.elementwise import dot
with compiled.compiling("sums"):
    print(float(dot(np.ones(3, np.float32), np.ones(3, np.float32))), compiled.CACHE)
"""


def run(**variables: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", PRODUCT], env={**os.environ, **variables}, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_machine_code_is_kept_in_a_folder_for_these_sources(tmp_path: Path) -> None:
    words = run(NUMBA_CACHE_DIR=str(tmp_path))
    (folder,) = tmp_path.iterdir()
    assert words == f"3.0 {folder}"
    assert (folder / "sums.done").exists() and list(folder.rglob("*.nbi"))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.nb*")}
    assert run(NUMBA_CACHE_DIR=str(tmp_path)) == words
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.nb*")} == before, "it was compiled again"


def test_files_that_a_power_cut_emptied_are_made_again(tmp_path: Path) -> None:
    words = run(NUMBA_CACHE_DIR=str(tmp_path))
    (folder,) = tmp_path.iterdir()
    for path in folder.rglob("*.nb[ci]"):
        path.write_bytes(b"")
    assert run(NUMBA_CACHE_DIR=str(tmp_path)) == words
    assert all(path.stat().st_size for path in folder.rglob("*.nb[ci]"))


def test_machine_code_of_sources_that_are_long_gone_is_removed(tmp_path: Path) -> None:
    old, new, other = tmp_path / ("0" * 16), tmp_path / ("1" * 16), tmp_path / "somebody's"
    for folder in (old, new, other):
        folder.mkdir()
    for folder in (old, other):
        os.utime(folder, (1e9, 1e9))
    run(NUMBA_CACHE_DIR=str(tmp_path))
    assert not old.exists() and new.exists() and other.exists()


def test_where_nothing_can_be_kept_every_process_compiles(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert run(NUMBA_CACHE_DIR=str(tmp_path / "file" / "folder")) == "3.0 None"


BEATS = """
import sys, numpy as np
from gwt_ib.kernels import compiled
from gwt_ib.kernels.elementwise import dot
beats = []
with compiled.compiling("sums", lambda: beats.append(None)):
    dot(np.ones(3, np.float32), np.ones(3, np.float32))
print(len(beats))
"""


def test_a_process_that_compiles_gives_signs_of_life_and_one_that_finds_the_code_needs_none(tmp_path: Path) -> None:
    def beats() -> int:
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
        return int(
            subprocess.run([sys.executable, "-c", BEATS], env=environment, capture_output=True, check=True).stdout
        )

    assert beats() >= 2
    assert beats() == 0


GRADIENT = """
import sys, hashlib
sys.path.insert(0, {tests!r})
from support import small_config
from learn.test_both_paths import train
_, weights = train(small_config(cell="lstm", encoder_layers=2, head_layers=1), updates=1)
print(hashlib.sha256(weights.tobytes()).hexdigest())
"""


def test_a_process_that_compiles_learns_the_same_as_one_that_finds_the_code(tmp_path: Path) -> None:
    code = GRADIENT.format(tests=str(Path(__file__).parent.parent))
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    compiles, finds = (
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True).stdout
        for _ in range(2)
    )
    assert compiles == finds


def test_a_lock_that_is_not_given_back_holds_nobody_up_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "CACHE", tmp_path)
    monkeypatch.setattr(compiled, "WAIT_S", 0.05)
    with compiled.FileLock(tmp_path / "lock"), compiled.compiling("learning"):
        assert not (tmp_path / "learning.done").exists()
    assert (tmp_path / "learning.done").exists()


@pytest.mark.parametrize("cause", ["absent", "switched off", "broken"])
def test_without_numba_auto_is_torch_and_numba_is_refused(cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise ImportError("Numba needs NumPy 2.4 or less")

    if cause == "absent":
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    elif cause == "switched off":
        monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    else:
        monkeypatch.setattr(importlib, "import_module", broken)
    assert use_kernels(small_config()) == (cause == "broken")
    assert not load_kernels(small_config())
    with pytest.raises(UserError, match='kernels = "numba", but') as refused:
        load_kernels(small_config(kernels="numba"))
    assert refused.value.code == ExitCode.BAD_CONFIGURATION
