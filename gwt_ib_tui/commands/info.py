"""Commands that need no run: the tasks, settings, metrics and keys that there are."""

from __future__ import annotations

import json
from typing import Any

from gwt_ib_tui.commands.options import AsJson, Assignments, ConfigFile, Preset
from gwt_ib_tui.terminal import print_json, print_line, print_result


def envs(as_json: AsJson = False) -> None:
    """List the POPGym tasks with their known ceilings."""
    from gwt_ib.envs.make import popgym_ids
    from gwt_ib.gatecheck.ceilings import known_ceiling

    found = {env_id: known_ceiling(env_id) for env_id in popgym_ids()}
    rows = [{"env_id": env_id, "ceiling": known and known.value} for env_id, known in found.items()]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        known = "" if row["ceiling"] is None else f"ceiling {row['ceiling']:.3f}"
        print_result(f"{row['env_id']:48} {known}".rstrip())


def config(
    config_file: ConfigFile = None,
    preset: Preset = None,
    assignments: Assignments = None,
    as_json: AsJson = False,
) -> None:
    """Show every setting, as a file for --config."""
    from gwt_ib.config import Config, range_words
    from gwt_ib.config_sources import preset_names, resolve

    resolved = resolve(toml_file=config_file, preset=preset, assignments=assignments or ())
    if as_json:
        print_json(resolved.model_dump(mode="json"))
        return
    print_result(f"# presets: {', '.join(preset_names())}; live: what `gwt-ib-tui set` can change while a run trains;")
    print_result(
        "# free, fixed: what `gwt-ib-tui resume --set` takes without a word, or never; the others need --override"
    )
    for name, field in Config.model_fields.items():
        extra: Any = field.json_schema_extra
        unit, limits = extra["unit"] and f"[{extra['unit']}]", range_words(field)
        classes = [name for name, holds in (("live", extra["live"]), (extra["resume"], True)) if holds]
        marks = ", ".join(name for name in classes if name != "override")
        words = (field.description, unit, limits and f"({limits})", marks and f"· {marks}")
        assignment = f"{name} = {json.dumps(getattr(resolved, name))}"
        print_result(f"{assignment:48} # {' '.join(filter(None, words))}")


def metrics() -> None:
    """Explain every metric, as a Markdown table."""
    from gwt_ib.config import Config
    from gwt_ib.runs.metrics import METRICS

    print_result("| metric | unit | meaning | healthy by default | when it is not |\n|---|---|---|---|---|")
    for metric in METRICS:
        meaning = metric.meaning.replace("|", "\\|")  # a bar would end the table's cell
        healthy = metric.healthy_words(Config())
        print_result(f"| `{metric.name}` | {metric.unit} | {meaning} | {healthy} | {metric.remedy} |")


def keys() -> None:
    """Explain the dashboard's panels and keys, your own keys included, in Markdown."""
    from gwt_ib_tui.application.preferences import preferences_path, read_preferences
    from gwt_ib_tui.commands.manual import manual
    from gwt_ib_tui.keys.keymap import keymap_path, read_keymap

    keymap = read_keymap(keymap_path())
    print_result(manual(keymap.actions))
    _, unread = read_preferences(preferences_path())
    for problem in filter(None, (*keymap.problems, unread)):
        print_line(problem, err=True)


COMMANDS = (envs, config, metrics, keys)
