"""The machine under a run: cores, load, memory, disk, GPUs, who waits for whom, and what this dashboard takes."""

from __future__ import annotations

import socket
from collections.abc import Hashable

from rich.text import Text

from gwt_ib.text import number, plain, shortened
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.machine import Gpu, Machine
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.panel import Panel, title_line

LITTLE_DISK = 0.05
"""The share of a disk from which on it is nearly full; so is memory with as little left."""
GAP = "  "
LONGEST_GPU = 24  # cells of a GPU's name
Reading = tuple[str, str, str]
"""A name, a value and its colour."""


class MachinePanel(Panel):
    """A line for the machine, one for the channel between actors and learner, one for each GPU."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """What was read of the machine, and the newest update."""
        return run_view.machine, run_view.metric("update"), run_view.ended

    def watch_run_view(self, run_view: RunView | None) -> None:
        """A title and the lines that there are."""
        gpus = len(run_view.machine.gpus) if run_view and run_view.machine else 0
        self.styles.height = 3 + gpus
        super().watch_run_view(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """Title with the dashboard's own cost, the machine, its GPUs, the waits."""
        palette, machine = self.palette, run_view.machine
        elsewhere = run_view.run.host not in ("", socket.gethostname())
        notes = [Text(f"of this dashboard; the run is on {plain(run_view.run.host, 40)}", style=palette.warn)]
        title = title_line(palette, "machine", *(notes if elsewhere else []), *own_words(machine))
        unread = "not recorded" if run_view.replay is not None or run_view.ended else "not read yet"
        readings = [[(unread, "", palette.dim)]] if machine is None else [machine_readings(machine, palette)]
        readings += [gpu_readings(gpu, palette) for gpu in (machine.gpus if machine else ())]
        readings.append(wait_readings(run_view, palette))
        return [title, *(fitting(each, width, palette) for each in readings)]


def own_words(machine: Machine | None) -> list[str]:
    """What this dashboard takes, such as `this dashboard: 2 % of a core, 92 MB`."""
    if machine is None or machine.own_memory is None:
        return []
    percent = "" if machine.own_percent is None else f"{machine.own_percent:.1f} % of a core, "
    return [f"this dashboard: {percent}{machine.own_memory / 1e6:,.0f} MB"]


def machine_readings(machine: Machine, palette: Palette) -> list[Reading]:
    """Cores, how busy they are, load, memory and disk."""
    readings = [("cores", f"{machine.cores}", palette.text)]
    if machine.busy_percent is not None:
        readings.append(("busy", f"{machine.busy_percent:.0f} %", palette.text))
    if machine.load is not None:
        readings.append(
            ("load", f"{machine.load:.2f}", palette.warn if machine.load > 2 * machine.cores else palette.text)
        )
    if machine.memory_used is not None and machine.memory_total:
        full = machine.memory_used > (1 - LITTLE_DISK) * machine.memory_total
        words = f"{_gb(machine.memory_used)} of {_gb(machine.memory_total)} GB"
        readings.append(("memory", words, palette.bad if full else palette.text))
    if machine.disk_free is not None and machine.disk_total:
        little = machine.disk_free < LITTLE_DISK * machine.disk_total
        words = f"{_gb(machine.disk_free)} of {_gb(machine.disk_total)} GB free"
        readings.append(("disk", words, palette.bad if little else palette.text))
    return readings


def gpu_readings(gpu: Gpu, palette: Palette) -> list[Reading]:
    """One GPU."""
    readings = [("GPU", shortened(plain(gpu.name), LONGEST_GPU), palette.text)]
    if gpu.busy_percent is not None:
        readings.append(("busy", f"{gpu.busy_percent:.0f} %", palette.text))
    if gpu.used is not None and gpu.total:
        readings.append(("memory", f"{_gb(gpu.used)} of {_gb(gpu.total)} GB", palette.text))
    return readings


def wait_readings(run_view: RunView, palette: Palette) -> list[Reading]:
    """Of the newest update: how long the learner waited for blocks, and learnt."""
    names = {"learner waits": "rollout_s", "learns": "learn_s"}
    values = {words: run_view.metric(name) for words, name in names.items()}
    found = [(words, f"{number(value)} s", palette.text) for words, value in values.items() if value is not None]
    return found or [("waits", "no update yet", palette.dim)]


def fitting(readings: list[Reading], width: int, palette: Palette) -> Text:
    """As many readings as have room, the first ones first."""
    line = Text(" ")
    for name, value, color in readings:
        if line.cell_len > 1 and line.cell_len + len(name) + len(value) + len(GAP) + 1 > width:
            break
        line.append(GAP if line.cell_len > 1 else "").append(f"{name} ", style=palette.dim).append(value, style=color)
    return line


def _gb(size: int) -> str:
    return f"{size / 1e9:,.1f}" if size < 1e11 else f"{size / 1e9:,.0f}"
