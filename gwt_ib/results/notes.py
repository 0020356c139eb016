"""What has to be said with a table of results: what is missing and why, and what cannot be compared; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from gwt_ib.results.reference import TASKS, task_of
from gwt_ib.results.run_scores import SCORES, STATUSES, RunScores
from gwt_ib.results.table import ResultsTable
from gwt_ib.text import plain

PUBLISHED_STEPS = 15_000_000
MOST_NAMED = 5


def notes_on(table: ResultsTable) -> list[str]:
    """Sentences, the most important first."""
    return [*_on_runs(table.runs), *_on_intervals(table), *_on_tasks(table), *_on_sums(table), *_on_steps(table)]


def without_doubles(runs: Sequence[RunScores]) -> tuple[list[RunScores], list[str]]:
    """Of runs of one task, arm and seed only the one that is furthest, of equals the last: they are no two samples."""
    kept: dict[tuple[str, str, int], RunScores] = {}
    doubles = 0
    for each in runs:
        key = (each.planned.config.env_id, each.planned.arm, each.planned.config.seed)
        before = kept.get(key)
        doubles += before is not None
        rank = STATUSES.index
        if before is None or rank(each.planned.status) <= rank(before.planned.status):
            kept[key] = each
    if not doubles:
        return list(runs), []
    return list(kept.values()), [
        f"{_number(doubles, 'run')} of a task, arm and seed that another run has too {_is(doubles)} left out."
    ]


def _on_runs(runs: Sequence[RunScores]) -> Iterator[str]:
    counted = Counter(each.planned.status for each in runs)
    if counted["finished"] < len(runs):
        others = [f"{counted[status]} {status}" for status in STATUSES if status != "finished" and counted[status]]
        yield f"{counted['finished']} of {len(runs)} runs are finished, {', '.join(others)}: scores are of finished runs."
    failed = [each for each in runs if each.planned.status == "failed"]
    for each in failed[:MOST_NAMED]:
        yield f"{each.planned.run.name} failed: {plain(each.planned.cause, 200).removesuffix('.') or 'no cause is known'}."
    if len(failed) > MOST_NAMED:
        yield f"{len(failed) - MOST_NAMED} further runs failed."
    problems: dict[str, list[str]] = {}
    for each in runs:
        for problem in each.problems:
            problems.setdefault(problem, []).append(each.planned.run.name)
    for problem, names in problems.items():
        yield f"{_named(names)}: {problem}."


def _on_intervals(table: ResultsTable) -> Iterator[str]:
    finished = [row for row in table.rows if row.seeds]
    single = [f"{short(row.env_id)} ({row.arm})" for row in finished if len(row.seeds) == 1]
    if len(single) == len(finished) > 0:
        yield "Each task and arm has one finished seed: there are no intervals."
    elif single:
        yield f"One finished seed, so no interval, and none of what is made of it: {_named(single)}."
    few = min((len(row.seeds) for row in finished if len(row.seeds) > 1), default=None)
    if few is not None and few < 5:
        yield f"With {few} seeds a bootstrap's interval is narrower than it should be: read it as the least."


def _on_tasks(table: ResultsTable) -> Iterator[str]:
    tasks = {row.env_id: row.task for row in table.rows}
    foreign = [env_id for env_id, task in tasks.items() if not task.is_popgym]
    if foreign:
        yield f"None of POPGym's tasks, so neither normalised nor in a sum: {_named(foreign)}."
    bare = [short(env_id) for env_id, task in tasks.items() if task.is_popgym and task.ceiling is None]
    if bare:
        yield f"Not normalised, as no ceiling is known: {_named(bare)}."


def _on_sums(table: ResultsTable) -> Iterator[str]:
    sums = {arm: [total.sum.tasks for total in by.values() if total.sum is not None] for arm, by in table.arms.items()}
    counts = [count for found in sums.values() for count in found]
    if not counts:
        return
    if min(counts) == TASKS and all(len(found) == len(SCORES) for found in sums.values()):
        yield f"The sums are over all {TASKS} tasks."
    elif len(set(counts)) == 1:
        there = f"the {counts[0]} that are there" if counts[0] > 1 else "the one that is there"
        yield f"Of the {TASKS} tasks the sums are over {there}, and the published ones over the same."
    else:
        each = "; ".join(f"{arm}: {min(found)}" for arm, found in sums.items() if found)
        yield f"Of the {TASKS} tasks the sums are over those that are there, and the published ones over the same: {each}."


def _on_steps(table: ResultsTable) -> Iterator[str]:
    steps = [row.env_steps for row in table.rows if row.env_steps and row.task.is_popgym]
    if steps and min(steps) < PUBLISHED_STEPS:
        made = f"{min(steps):,}" if min(steps) == max(steps) else f"{min(steps):,} to {max(steps):,}"
        yield f"Published scores are of {PUBLISHED_STEPS:,} env steps, these runs have made {made}."


def short(env_id: str) -> str:
    """A task's name without what all of POPGym's have."""
    return plain(env_id.removeprefix("popgym-").removesuffix("-v0") if task_of(env_id).is_popgym else env_id)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(plain(name, 100) for name in names[:MOST_NAMED]) + more


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
