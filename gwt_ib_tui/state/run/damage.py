"""Which files of a run directory cannot be read as they should be, in sentences that name the file; pure."""

from __future__ import annotations

CONFIG = "config.json is missing, damaged or of another version"
METRICS = "metrics.jsonl has damaged lines; they are left out"
EVENTS = "events.jsonl has damaged lines; they are left out"
GATECHECK = "gatecheck.json is missing or damaged: `gwt-ib-tui check RUN` judges the rows"


def damage_of(*, config: bool, metrics: bool, events: bool, gatecheck: bool) -> tuple[str, ...]:
    """A sentence for each of the files that are damaged."""
    found = ((config, CONFIG), (metrics, METRICS), (events, EVENTS), (gatecheck, GATECHECK))
    return tuple(sentence for damaged, sentence in found if damaged)
