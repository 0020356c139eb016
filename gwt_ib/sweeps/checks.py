"""What is found out before a sweep starts: whether every environment and device is there, and how fast tasks step."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gwt_ib.config import Config
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.exports.formats import check_installed
from gwt_ib.kernels import use_kernels
from gwt_ib.machine import usable_cores
from gwt_ib.processes.check import check_in_child
from gwt_ib.processes.plan import check_device
from gwt_ib.sweeps.definition import PROBLEMS_SHOWN, Definition, Member
from gwt_ib.sweeps.speed_process import measure_step_s

SHAPES_ENVIRONMENT = ("env_id", "prev_action")
"""The fields of a configuration that its environment is made by."""


@dataclass
class Found:
    """What the checks have found, by the key of each distinct environment."""

    specs: dict[str, EnvironmentSpec] = field(default_factory=dict)
    step_s: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def environment_key(config: Config) -> str:
    """What runs with the same environment share."""
    return json.dumps([getattr(config, name) for name in SHAPES_ENVIRONMENT])


def check_members(
    definition: Definition,
    members: Sequence[Member],
    on_checked: Callable[[int, int], object] = lambda done, of: None,
    *,
    with_speed: bool = False,
    devices: bool = True,
) -> Found:
    """Check the environment of each of these runs, each distinct one once, several at a time.

    `with_speed` each is also stepped for a moment; `devices` are looked for on this machine. Raises `UserError` with what
    is wrong with the first of them; Ctrl-C ends every child.
    """
    for config in {(each.config.device, each.config.kernels): each.config for each in members}.values():
        if devices:
            check_device(config.device)
        use_kernels(config)
    for name in dict.fromkeys(each.config.export for each in members):
        check_installed(name)
    distinct: dict[str, Config] = {}
    for member in members:
        known = distinct.setdefault(environment_key(member.config), member.config)
        if member.config.start_timeout_s > known.start_timeout_s:
            distinct[environment_key(member.config)] = member.config
    found = Found()
    problems = _Checks(distinct, found, on_checked, with_speed).run()
    if problems:
        more = len(problems) - PROBLEMS_SHOWN
        words = " ".join(error.message for error in problems[:PROBLEMS_SHOWN])
        words += f" {more} more environment(s) are wrong too." if more > 0 else ""
        raise UserError(f"{definition.tasks_at}: {words}" if definition.tasks_at else words, problems[0].code)
    return found


class _Checks:
    """Threads that take one environment after another; each check is a child process."""

    def __init__(
        self, distinct: dict[str, Config], found: Found, on_checked: Callable[[int, int], object], with_speed: bool
    ) -> None:
        self._with_speed = with_speed
        self._found = found
        self._on_checked = on_checked
        self._order = {key: place for place, key in enumerate(distinct)}
        self._open: queue.SimpleQueue[tuple[str, Config]] = queue.SimpleQueue()
        for item in distinct.items():
            self._open.put(item)
        self._done: queue.SimpleQueue[tuple[str, UserError | None]] = queue.SimpleQueue()
        self._given_up = threading.Event()

    def run(self) -> list[UserError]:
        """Check everything; the refusals, in the order of the file."""
        threads = [threading.Thread(target=self._work) for _ in range(min(usable_cores(), len(self._order)))]
        for thread in threads:
            thread.start()
        problems: dict[int, UserError] = {}
        try:
            for count in range(1, len(self._order) + 1):
                key, problem = self._done.get()
                if problem is not None:
                    problems[self._order[key]] = problem
                self._on_checked(count, len(self._order))
        finally:
            self._given_up.set()
            for thread in threads:
                thread.join()
        return [problems[place] for place in sorted(problems)]

    def _work(self) -> None:
        while not self._given_up.is_set():
            try:
                key, config = self._open.get_nowait()
            except queue.Empty:
                return
            problem: UserError | None = None
            try:
                self._check(key, config)
            except UserError as error:
                problem = error
            except Exception as error:  # noqa: BLE001 - else the sweep would wait for this one for ever
                problem = UserError(f"The check of {config.env_id!r} failed: {error}.", ExitCode.BUG)
            self._done.put((key, problem))

    def _check(self, key: str, config: Config) -> None:
        spec = check_in_child(config, show=self._found.notes.append, given_up=self._given_up.is_set)
        self._found.specs[key] = spec
        self._found.notes += [f"{config.env_id}: {note}" for note in spec.notes]
        step_s = measure_step_s(config, self._given_up.is_set) if self._with_speed else None
        if step_s is not None:
            self._found.step_s[key] = step_s
