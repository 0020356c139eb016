"""Environments as people have them: they exit, hang, print, move, start processes, differ, and see what is not finite.

Each is a small well-behaved one with one thing changed. `UNRULY_FOLDER` names a folder for what they write.
"""

from __future__ import annotations

import fcntl
import logging.config
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces

FOLDER = Path(os.environ.get("UNRULY_FOLDER", tempfile.gettempdir()))
LARGEST = float(np.finfo(np.float32).max)


class Calm(gym.Env[Any, Any]):
    """Sees three seeded numbers, pays for action 1, and ends after ten steps."""

    observation_space: spaces.Space[Any] = spaces.Box(-1, 1, (3,), np.float32)
    action_space: spaces.Space[Any] = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.t = 0
        return self.see(), {}

    def see(self) -> Any:
        return self.np_random.uniform(-1, 1, 3).astype(np.float32)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.t += 1
        return self.see(), float(np.all(action == 1)), self.t >= 10, False, {}


class ExitsMade(Calm):
    def __init__(self) -> None:
        sys.exit()


class ExitsReset(Calm):
    def reset(self, **options: Any) -> Any:
        sys.stderr.write("loading the world\n\x1b[2Jno display was found\n")
        sys.exit(0)


class ExitsStep(Calm):
    def step(self, action: Any) -> Any:
        sys.exit("the window was closed")


class Vanishes(Calm):
    def reset(self, **options: Any) -> Any:
        sys.stdout.write("the engine gives up\n")
        os._exit(0)


class Crashes(Calm):
    def step(self, action: Any) -> Any:
        os.kill(os.getpid(), signal.SIGSEGV)


class Panic(BaseException):
    pass


class Panics(Calm):
    def reset(self, **options: Any) -> Any:
        raise Panic("unwrapped nothing")


class Interrupts(Calm):
    def step(self, action: Any) -> Any:
        raise KeyboardInterrupt


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class FailsWithoutWords(Calm):
    def reset(self, **options: Any) -> Any:
        raise Mute


class Hangs(Calm):
    def reset(self, **options: Any) -> Any:
        sys.stdout.write("waiting for a licence\n")
        time.sleep(100_000)


class Prints(Calm):
    def __init__(self) -> None:
        sys.stdout.write("engine 3.1 \x1b[31mready\n")
        os.write(1, b"built today\n")


class Floods(Calm):
    def reset(self, **options: Any) -> Any:
        for _ in range(40):
            os.write(2, b"frame\n" * 20_000)
        os.write(2, b"the last frame\n")
        return super().reset(**options)


class LeavesThings(Calm):
    """Leaves a thread, a process of its group that holds every descriptor, and a daemonic worker."""

    def __init__(self) -> None:
        import threading

        threading.Thread(target=time.sleep, args=(100_000,)).start()
        helper = subprocess.Popen(["sleep", "100000"], close_fds=False)
        worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(100_000,), daemon=True)
        worker.start()
        with (FOLDER / "left.txt").open("a") as file:
            file.write(f"{os.getpid()}\n{helper.pid}\n{worker.pid}\n")


class NeverTheSame(Calm):
    def see(self) -> Any:
        return np.frombuffer(os.urandom(3), np.uint8).astype(np.float32) / 255


class NoEcho(Calm):
    """A range finder: float32's largest number where there is no echo."""

    observation_space = spaces.Box(0, LARGEST, (3,), np.float32)

    def see(self) -> Any:
        return np.array([1, LARGEST, 2], np.float32)


class HugeReward(Calm):
    def step(self, action: Any) -> Any:
        return self.see(), 1e30, False, False, {}


class OwnFolder(Calm):
    """Each works in a folder of its own, which goes with it."""

    def __init__(self) -> None:
        self.home = tempfile.TemporaryDirectory(dir=FOLDER)
        os.chdir(self.home.name)
        Path("steps.txt").write_text("")

    def step(self, action: Any) -> Any:
        with Path("steps.txt").open("r+") as file:  # fails elsewhere
            lines = len(file.readlines())
            file.write("step\n")
        observation, _, *rest = super().step(action)
        return observation, float(lines), *rest

    def close(self) -> None:
        self.home.cleanup()


class MovesInReset(Calm):
    def reset(self, **options: Any) -> Any:
        os.chdir(FOLDER)
        Path("here.txt").touch()
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        Path("here.txt").read_text()
        return super().step(action)


class Licensed(Calm):
    """Of these only so many can exist at a time on the machine."""

    seats: ClassVar[int] = 3

    def __init__(self) -> None:
        for seat in range(self.seats):
            self.file = (FOLDER / f"seat-{seat}").open("w")
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                self.file.close()
        raise RuntimeError(f"all {self.seats} licences are in use")

    def close(self) -> None:
        self.file.close()


class OtherBounds(Calm):
    """No two have the same bounds."""

    made = 0

    def __init__(self) -> None:
        OtherBounds.made += 1
        self.factor = OtherBounds.made
        self.observation_space = spaces.Box(-1, 1 + OtherBounds.made, (3,), np.float32)
        self.action_space = spaces.Box(-1, OtherBounds.made, (1,), np.float32)

    def step(self, action: Any) -> Any:
        observation, _, *rest = super().step(action)
        return observation, float(action[0]), *rest


class OtherSize(Calm):
    """The third of a process sees one number more."""

    made = 0

    def __init__(self) -> None:
        OtherSize.made += 1
        self.width = 3 + (OtherSize.made > 2)
        self.observation_space = spaces.Box(-1, 1, (self.width,), np.float32)

    def see(self) -> Any:
        return np.zeros(self.width, np.float32)


class Configures(Calm):
    """Configures logging for itself, as packages do."""

    def __init__(self) -> None:
        logging.config.dictConfig(
            {"version": 1, "disable_existing_loggers": True, "root": {"level": "ERROR", "handlers": []}}
        )
        logging.disable(logging.CRITICAL)


for unruly in (
    Calm, ExitsMade, ExitsReset, ExitsStep, Vanishes, Crashes, Panics, Interrupts, FailsWithoutWords, Hangs, Prints, Floods,
    LeavesThings, NeverTheSame, NoEcho, HugeReward, OwnFolder, MovesInReset, Licensed, OtherBounds, OtherSize, Configures,
):  # fmt: skip
    gym.register(f"{unruly.__name__}-v0", unruly)
