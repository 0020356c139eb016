"""The command that measures where the time goes: steps/s by section, as a table or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gwt_ib_tui.commands.launch import refuse_what_cannot_run
from gwt_ib_tui.commands.options import AsJson, Assignments, ConfigFile, EnvId, Preset, Seed
from gwt_ib_tui.garbage import no_garbage_collection
from gwt_ib_tui.terminal import print_json, print_result, print_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from gwt_ib.config import Config
    from gwt_ib.runs.jsonl import Record

MIB = 1 << 20
ANY_LENGTH = 2**53  # the bench sets the length itself; until then the configuration has to allow any number of envs


def bench(
    env_id: EnvId = None,
    config_file: ConfigFile = None,
    preset: Preset = None,
    assignments: Assignments = None,
    seed: Seed = None,
    updates: Annotated[int, typer.Option("--updates", min=1, max=100_000, help="Updates that are measured.")] = 20,
    warm_up: Annotated[int, typer.Option("--warm-up", min=0, max=100_000, help="Updates before them.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Measure a short run: where its time and memory go."""
    with no_garbage_collection():
        from gwt_ib.bench.figures import figures
        from gwt_ib.bench.measure import bench_config, measure
        from gwt_ib.config_sources import resolve
        from gwt_ib.machine import machine_facts
        from gwt_ib.processes.plan import thread_plan

    flags = {"env_id": env_id, "seed": seed, "total_timesteps": ANY_LENGTH}
    config = resolve(toml_file=config_file, preset=preset, assignments=assignments or (), flags=flags)
    config = bench_config(config, updates, warm_up)
    spec = refuse_what_cannot_run(config)
    machine = machine_facts()  # before the load is our own
    reports = _with_progress(config, lambda config, on_update: measure(config, spec, on_update))
    found = {
        "env_id": config.env_id,
        "updates": updates,
        "warm_up": warm_up,
        "machine": machine,
        "threads": thread_plan(config),
        **figures(reports, config, warm_up, machine["cores"]),
        "settings": config.model_dump(mode="json"),
    }
    if as_json:
        print_json(found)
        return
    for name, words in _lines(found, config):
        print_result(f"{name:8} {words}")
    print_result()
    columns = ("process", "section", "ms, median", "ms, mean", "share", "us per env step")
    print_table(columns, _rows(found["sections"], found["update_ms"]["median"]), right=columns[2:])


def _with_progress(config: Config, measure: Callable[[Config, Callable[[int], object]], list[Record]]) -> list[Record]:
    """Measure, with a bar on stderr where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    errors = Console(stderr=True)
    # Painted a few times a second at most: what is measured shares the machine with it.
    columns = (TextColumn("updates"), BarColumn(), MofNCompleteColumn())
    options: dict[str, Any] = {"console": errors, "transient": True, "disable": not errors.is_terminal}
    with Progress(*columns, refresh_per_second=2, **options) as bar:
        task = bar.add_task("", total=config.num_updates)
        return measure(config, lambda update: bar.update(task, completed=update))


def _lines(found: dict[str, Any], config: Config) -> list[tuple[str, str]]:
    """Everything but the sections, a line each."""
    from gwt_ib.text import plain

    machine, speed, memory = found["machine"], found["steps_per_s"], found["memory"]
    versions = ", ".join(f"{name} {machine[name]}" for name in ("torch", "numba", "numpy") if machine[name])
    load = machine["load_average"][0]
    each = ", ".join(f"{process['name']} {process['peak'] / MIB:.0f}" for process in memory["processes"])
    return [
        ("machine", f"{machine['cores']} cores of {plain(machine['cpu'])}, load {load:.2f}; {versions}"),
        ("run", f"{plain(config.env_id)}, {found['updates']} updates of {config.steps_per_update:,} env steps"),
        ("threads", found["threads"]),
        ("speed", f"{speed['median']:,.0f} steps/s, 5 to 95 %: {speed['low']:,.0f} to {speed['high']:,.0f}"),
        *_learner_lines(found["learner"], config.epochs),
        ("memory", f"{memory['peak_bytes'] / MIB:,.0f} MiB at most, what is shared counted once: {each}"),
    ]


def _learner_lines(learner: dict[str, Any], epochs: int) -> list[tuple[str, str]]:
    """What the learner does and what sgemm alone would allow; on a GPU there is no such bound."""
    words = f"{learner['samples_per_s']:,.0f} samples/s, each of {epochs} epoch(s) counted"
    if "bound_samples_per_s" not in learner:
        return [("learner", words)]
    rates = [product["gflop_per_s"] for product in learner["products"]]
    rate = f"{learner['sgemm_gflop_per_s']:.0f} GFLOP/s ({min(rates):.0f} to {max(rates):.0f} by size)"
    bound = (
        f"{learner['bound_samples_per_s']:,.0f} samples/s by {learner['flop_per_sample'] / 1e6:.2f} MFLOP a sample "
        f"and {learner['cores']} core(s) at {rate}"
    )
    return [("learner", f"{words}; {learner['of_bound']:.2f} of the bound"), ("sgemm", bound)]


def _rows(sections: list[dict[str, Any]], update_ms: float) -> list[tuple[str, ...]]:
    """A row a section; an actor's are those of a mean actor, beside the learner's and not in addition to them."""
    found: list[tuple[str, ...]] = []
    for process, median in (("learner", f"{update_ms:,.2f}"), ("actors", "")):
        rows = [row for row in sections if row["process"] == process]
        found += [(process, row["section"], f"{row['median_ms']:,.2f}", *_cells(row)) for row in rows]
        sums = {name: sum(row[name] for row in rows) for name in ("mean_ms", "share", "us_per_env_step")}
        found.append((process, "all", median, *_cells(sums)))
    return found


def _cells(row: dict[str, Any]) -> tuple[str, str, str]:
    return f"{row['mean_ms']:,.2f}", f"{row['share']:.1%}", f"{row['us_per_env_step']:.2f}"


COMMANDS = (bench,)
