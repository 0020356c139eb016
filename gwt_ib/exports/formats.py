"""The formats of an export: what each needs to be installed, where it is in a run's own folder, and its writer."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.exports.writer import Options, Writer

PROJECT = re.compile(r"[A-Za-z0-9_-]{1,100}")
"""A name of a project that wandb and trackio take."""


@dataclass(frozen=True)
class Format:
    """One format. `package` is what it needs and `extra` the one of ours that brings it; empty where it needs nothing."""

    module: str
    writer: str
    place: str
    """A file or folder in a run's folder `exports`, for a run that is exported from its start."""
    package: str = ""
    extra: str = ""


FORMATS: Mapping[str, Format] = {
    "csv": Format("csv_file", "CsvWriter", "metrics.csv"),
    "parquet": Format("parquet_file", "ParquetWriter", "metrics.parquet", "pyarrow", "parquet"),
    "tensorboard": Format("tensorboard_events", "TensorBoardWriter", "tensorboard", "tensorboardX", "tensorboard"),
    "wandb": Format("wandb_run", "WandbWriter", "", "wandb", "wandb"),
    "trackio": Format("trackio_run", "TrackioWriter", "trackio", "trackio", "trackio"),
}


def check_installed(name: str, code: ExitCode = ExitCode.BAD_CONFIGURATION) -> None:
    """Raises `UserError` where the package that a format needs is missing; an empty name is no format and needs none."""
    known = FORMATS.get(name)
    if known is not None and known.package and importlib.util.find_spec(known.package) is None:
        raise UserError(
            f"An export to {name} needs the package {known.package}: pip install 'gwt-ib[{known.extra}]'.", code
        )


def make_writer(name: str, out: Path, options: Options) -> Writer:
    """The writer of a format. Raises `UserError`, also for a destination that cannot be written."""
    check_installed(name)
    if not PROJECT.fullmatch(options.project):
        words = f"A project cannot be called {options.project!r}: letters, digits, - and _, at most 100 of them."
        raise UserError(words, ExitCode.USAGE)
    known = FORMATS[name]
    kind = getattr(import_module(f"gwt_ib.exports.{known.module}"), known.writer)
    try:
        writer: Writer = kind(out, options)
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror or error}.", ExitCode.INPUT_OUTPUT) from None
    return writer
