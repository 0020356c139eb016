"""Weights & Biases: a run of an offline folder for each run of ours. Nothing is sent, asked or reported unless `online`."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gwt_ib.errors import ExitCode, UserError, error_text
from gwt_ib.exports.names import Naming
from gwt_ib.exports.source import Source
from gwt_ib.exports.writer import Options, Writer
from gwt_ib.runs.jsonl import Record

QUIET = {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false", "DO_NOT_TRACK": "1"}
"""In the environment before wandb is imported: it prints nothing, and reports none of its own errors to its makers."""
UNWATCHED: dict[str, Any] = {
    "console": "off",
    "host": "-",
    "disable_code": True,
    "disable_git": True,
    "disable_job_creation": True,
    "save_code": False,
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}
"""Its settings that keep it from collecting anything but what it is given. A version takes those that it knows."""

SECOND_S = 1.0  # its folders are named by the second


class WandbWriter(Writer):
    """The steps are environment steps. wandb knows no going back: a run that was cut back is written again.

    Offline its folder is replaced; online it becomes another run, `ID-2`, as what was sent cannot be taken back.
    """

    rewinds = False

    def __init__(self, out: Path, options: Options) -> None:
        super().__init__(out, options)
        self.naming = Naming(options.names, grouped=True)
        self._runs: dict[str, Any] = {}
        self._begun: dict[str, int] = {}
        self._folders: dict[str, Path] = {}
        out.mkdir(parents=True, exist_ok=True)
        os.environ.update(QUIET, WANDB_MODE="online" if options.online else "offline", WANDB_DIR=str(out.resolve()))
        if options.online:
            _need_key()

    def begin(self, source: Source) -> None:
        """Begin a run of wandb's, with the settings as its config."""
        import wandb

        if source.name in self._runs:
            self._runs.pop(source.name).finish()
            time.sleep(SECOND_S)
        times = self._begun[source.name] = self._begun.get(source.name, 0) + 1
        known = source.id if times == 1 or not self.options.online else f"{source.id}-{times}"
        fields = wandb.Settings.model_fields
        settings = wandb.Settings(**{name: value for name, value in UNWATCHED.items() if name in fields})
        config = {**source.settings, "made_with": dict(source.made_with)}
        try:
            run = wandb.init(
                project=self.options.project,
                id=known,
                name=source.labels.name or source.name,
                tags=source.labels.tags,
                notes=source.labels.notes,
                dir=str(self.out.resolve()),
                config=config,
                mode="online" if self.options.online else "offline",
                reinit="create_new",
                settings=settings,
            )
        except wandb.Error as error:  # online: no network, no right to the project
            words = f"wandb cannot begin the run: {error_text(error)}."
            raise UserError(words, ExitCode.RESOURCES_USED_UP) from None
        self._runs[source.name] = run
        self._folders[source.id] = Path(run.dir).parent

    def rows(self, source: Source, rows: Sequence[Record]) -> None:
        """A step of its history for each row."""
        for row in rows:
            values = {**self.naming.numbers(row), "_timestamp": source.time_of(row)}
            self._runs[source.name].log(values, step=int(row["env_steps"]))

    def close(self) -> None:
        """End the runs of wandb's, have its own process write what it still has, and remove what they replace."""
        import wandb

        while self._runs:
            self._runs.popitem()[1].finish()
        wandb.teardown()  # that a run has finished does not mean that its file is complete
        for known, folder in self._folders.items() if not self.options.online else ():
            for old in (self.out.resolve() / "wandb").glob(f"offline-run-*-{known}"):
                if old != folder:
                    shutil.rmtree(old, ignore_errors=True)

    def next_steps(self) -> list[str]:
        """How to send what was written, where that is wanted."""
        if self.options.online:
            return []
        return [f"Nothing was sent. To send it: wandb sync {shlex.join(map(str, self._folders.values()))}"]


def _need_key() -> None:
    """Raises `UserError` (78) where wandb would have to ask who you are."""
    import wandb

    if not wandb.api.api_key:
        words = "--online needs a key of yours for Weights & Biases: `wandb login`, or WANDB_API_KEY."
        raise UserError(words, ExitCode.BAD_CONFIGURATION)
