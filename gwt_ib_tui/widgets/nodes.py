"""The machines of a cluster that a run's actors are on: alive or not, their room, and what goes to and fro."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text

from gwt_ib.runs.record import ClusterRecord, NodeRecord
from gwt_ib.text import ABSENT, count, duration, number, plain, short_count, shortened
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.panel import Panel, title_line
from gwt_ib_tui.widgets.table import Table, TableColumn

LONG_S = 5.0
MOST = 40  # cells of a name or an address


class NodesPanel(Panel):
    """A row a node, the dead ones last; what does not fit is counted. Empty without a cluster."""

    def depends_on(self, run_view: RunView) -> Hashable:
        """What run.json says of them."""
        return run_view.cluster

    def watch_run_view(self, run_view: RunView | None) -> None:
        """Title, header and a row for each node; the style sheet sets the limit."""
        cluster = None if run_view is None else run_view.cluster
        self.styles.height = 2 + (max(len(cluster.nodes), 1) if cluster else 0)
        super().watch_run_view(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title with what is sent and waited for, the header, rows."""
        cluster, palette = run_view.cluster, self.palette
        if cluster is None:
            return []
        title = title_line(palette, "nodes", *_sums(cluster, palette, width))
        if not cluster.nodes:
            return [title, Text(" none is known yet", style=palette.dim)]
        nodes = sorted(cluster.nodes, key=lambda node: not node.alive)
        return [title, *_rows(nodes, width, height, palette)]


def _rows(nodes: list[NodeRecord], width: int, height: int, palette: Palette) -> list[Text]:
    names = min(max(*(len(plain(node.name, MOST)) for node in nodes), 4), MOST)
    addresses = min(max(*(len(plain(node.address, MOST)) for node in nodes), 7), MOST)
    columns: list[TableColumn[NodeRecord]] = [
        TableColumn("node", names, lambda node, cells: (shortened(plain(node.name, MOST), cells), palette.text)),
        TableColumn("address", addresses, lambda node, _: (plain(node.address, MOST), palette.dim), 2),
        TableColumn("", 7, lambda node, _: _alive(node, palette), 2),
        TableColumn("CPUs", 6, lambda node, _: (_cpus(node.cpus), palette.text), 1, right=True),
        TableColumn(
            "free", 6, lambda node, _: (_cpus(node.free_cpus if node.alive else None), palette.text), right=True
        ),
        TableColumn("actors", 7, lambda node, _: (count(node.actors), palette.text), right=True),
    ]
    table = Table(columns, width, palette, drop=("address",))
    return [table.header(), *table.first(nodes, height - 2)]


def _alive(node: NodeRecord, palette: Palette) -> tuple[str, str]:
    return ("● alive", f"bold {palette.good}") if node.alive else ("✗ dead", f"bold {palette.bad}")


def _cpus(cpus: float | None) -> str:
    return ABSENT if cpus is None else f"{cpus:g}"


def _sums(cluster: ClusterRecord, palette: Palette, width: int) -> list[Text | str]:
    """Actors without a place, bytes and wait of an update, how many nodes live, the address: what there is room for."""
    parts: list[Text | str] = []
    if cluster.waiting > 0:
        noun = "actor waits" if cluster.waiting == 1 else "actors wait"
        words = f"{cluster.waiting} {noun} for a place, {duration(cluster.waiting_s)}"
        # An actor that begins waits for a moment too.
        parts.append(words if cluster.waiting_s < LONG_S else Text(f"▲ {words}", style=palette.warn))
    update = []
    if cluster.weights_bytes is not None:
        update.append(f"{_size(cluster.weights_bytes)} out")
    if cluster.blocks_bytes is not None:
        update.append(f"{_size(cluster.blocks_bytes)} in")
    if cluster.wait_s is not None:
        update.append(f"wait {number(cluster.wait_s)} s")
    if update:
        parts.append(", ".join(update))
    parts.append(f"{sum(node.alive for node in cluster.nodes)} of {len(cluster.nodes)} alive")
    if cluster.address:
        parts.append(plain(cluster.address, MOST))
    while len(parts) > 1 and sum(len(part) + 2 for part in parts) + len("▍nodes") > width:
        parts.pop()
    return parts


def _size(size: int) -> str:
    value = short_count(size, 3)
    return f"{value[:-1]} {value[-1]}B" if value[-1].isalpha() else f"{value} B"
