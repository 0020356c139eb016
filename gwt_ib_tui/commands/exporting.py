"""The command that writes recorded metrics in the formats of other tools, of ended runs or of live ones as they go on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.commands.completion import complete_run
from gwt_ib_tui.commands.options import find_run
from gwt_ib_tui.terminal import print_line, print_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gwt_ib.exports.export import Export
    from gwt_ib.exports.source import Source
    from gwt_ib.exports.writer import Writer

POLL_S = 0.5


def export(
    run_names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Directories, names under runs/, or latest.",
            show_default=False,
            autocompletion=complete_run,
        ),
    ],
    to: Annotated[
        Literal["csv", "parquet", "tensorboard", "wandb", "trackio"],
        typer.Option("--to", help="The format.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="PATH", help="A file for csv and parquet, else a folder.", show_default=False),
    ],
    follow: Annotated[bool, typer.Option("--follow", help="Go on until the runs have ended.")] = False,
    names: Annotated[
        Literal["ours", "cleanrl", "sb3"], typer.Option("--names", help="Whose names the metrics get.")
    ] = "ours",
    project: Annotated[str, typer.Option("--project", metavar="NAME", help="For wandb and trackio.")] = "gwt-ib",
    online: Annotated[bool, typer.Option("--online", help="For wandb: send it. Without this nothing is sent.")] = False,
) -> None:
    """Write metrics for other tools: CSV, Parquet, TensorBoard, W&B (offline), Trackio."""
    if online and to != "wandb":
        raise UserError("--online is for --to wandb; every other format stays on this machine.", ExitCode.USAGE)
    runs = [find_run(name) for name in run_names]
    from gwt_ib.exports.formats import make_writer
    from gwt_ib.exports.source import sources_of
    from gwt_ib.exports.writer import Options
    from gwt_ib.processes.children import recorded_signals

    sources = sources_of(runs)
    writer = make_writer(to, out, Options(names, project, online))
    with recorded_signals() as signals:  # each row is written whole, and the end of the file, too
        try:
            work = _work(sources, writer, signals, follow=follow)
        except OSError as error:
            words = f"{out} cannot be written: {error.strerror or error}."
            raise UserError(words, ExitCode.INPUT_OUTPUT) from None
    times = "1 time" if work.rewound == 1 else f"{work.rewound} times"
    again = f" Rows were taken back {times}, as a run was resumed." if work.rewound else ""
    print_result(f"{out}: {work.count:,} rows of {len(sources)} run{'' if len(sources) == 1 else 's'}.{again}")
    for line in writer.next_steps():
        print_line(line, err=True)
    if signals:
        raise typer.Exit(128 + signals[0])


def _work(sources: Sequence[Source], writer: Writer, signals: Sequence[int], *, follow: bool) -> Export:
    """Export what is there, and with `follow` what comes until the runs have ended or a signal says that it is enough."""
    from gwt_ib.exports.export import Export

    work = Export(sources, writer)
    over = False
    try:
        while not over:
            over = not follow or work.over()  # asked before reading: what comes until then is there
            new = work.read(lambda: bool(signals))
            over = over or bool(signals)
            if not over:
                if new:
                    writer.flush()
                time.sleep(POLL_S)
    finally:
        writer.close()
    return work


COMMANDS = (export,)
