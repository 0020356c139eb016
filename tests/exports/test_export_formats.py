"""Every format, read back by the tool that it is for: each row of each run, every value as recorded, gaps as gaps."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from read_back import READERS, wandb_records
from recorded_run import RecordedRun

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.exports.export import Export
from gwt_ib.exports.formats import FORMATS, check_installed, make_writer
from gwt_ib.exports.names import Naming, Style
from gwt_ib.exports.source import sources_of
from gwt_ib.exports.writer import Options, Writer
from gwt_ib.runs.jsonl import read_records
from gwt_ib.runs.labels import Labels, write_labels

PLACES = {"csv": "all/metrics.csv", "parquet": "all/metrics.parquet"}
TABLES = ("csv", "parquet")
STYLES: tuple[Style, ...] = ("ours", "cleanrl", "sb3")


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """wandb and trackio are told by the environment to stay on this machine."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def trackio_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """trackio has one folder a process."""
    return tmp_path_factory.mktemp("trackio")


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Where a format's export is."""
    return lambda name: (
        request.getfixturevalue("trackio_folder") if name == "trackio" else tmp_path / PLACES.get(name, f"all-{name}")
    )


def recorded(path: Path, updates: int, **settings: Any) -> RecordedRun:
    run = RecordedRun(path, eval_every=2, **settings)
    run.learn(updates)
    return run


def expected(run: RecordedRun, name: str, style: Style = "ours") -> dict[str, dict[int, float]]:
    naming = Naming(style, grouped=name not in TABLES)
    values: dict[str, dict[int, float]] = {}
    for row in read_records(run.directory.metrics):
        for metric, number in naming.numbers(row).items():
            number = float(np.float32(number)) if name == "tensorboard" else number
            values.setdefault(metric, {})[row["env_steps"]] = number
    return values


def export(runs: list[RecordedRun], name: str, out: Path, **options: Any) -> Writer:
    writer = make_writer(name, out, Options(**options))
    work = Export(sources_of(run.directory for run in runs), writer)
    work.read()
    writer.close()
    assert work.count == sum(run.update for run in runs)
    return writer


@pytest.mark.parametrize("name", FORMATS)
def test_every_row_of_every_run_is_read_back_as_it_was_recorded(name: str, tmp_path: Path, place: Any) -> None:
    runs = [recorded(tmp_path / "one", 7), recorded(tmp_path / "two", 5, seed=3)]
    export(runs, name, place(name))
    found = READERS[name](place(name))
    assert {run: found[run] for run in ("one", "two")} == {
        "one": expected(runs[0], name),
        "two": expected(runs[1], name),
    }
    gaps = {"csv": "ep100", "parquet": "ep100"}.get(name, "gwt_ib/ep100")
    assert len(found["one"][gaps]) == 5, "nothing before the first episodes: no zero, no NaN"


@pytest.mark.parametrize("name", FORMATS)
def test_what_a_resume_cut_back_leaves_the_export_and_what_came_after_it_is_there(
    name: str, tmp_path: Path, place: Any
) -> None:
    run = recorded(tmp_path / "cut", 6)
    writer = make_writer(name, place(name), Options())
    work = Export(sources_of([run.directory]), writer)
    assert work.read() and not work.read()
    writer.flush()
    run.resume(3)
    assert work.read() and work.count == 3
    writer.flush()
    run.learn(5)
    assert work.read() and work.rewound == 1
    writer.flush()
    writer.close()
    assert READERS[name](place(name))["cut"] == expected(run, name)


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_that_is_made_again_replaces_the_first_one(name: str, tmp_path: Path, place: Any) -> None:
    run = recorded(tmp_path / "again", 4)
    export([run], name, place(name))
    run.resume(2)
    run.learn(1)
    export([run], name, place(name))
    assert READERS[name](place(name))["again"] == expected(run, name)


@pytest.mark.parametrize("style", STYLES)
def test_the_names_of_other_tools_are_used_in_tables_and_event_files(style: Style, tmp_path: Path) -> None:
    run = recorded(tmp_path / "named", 4)
    for name in ("csv", "tensorboard"):
        export([run], name, tmp_path / f"out.{name}", names=style)
        assert READERS[name](tmp_path / f"out.{name}")["named"] == expected(run, name, style)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_the_same_bit_by_bit_whenever_it_is_written(name: str, tmp_path: Path) -> None:
    runs = [recorded(tmp_path / "b", 4), recorded(tmp_path / "a", 3)]
    once, grown = tmp_path / f"once.{name}", tmp_path / f"grown.{name}"
    writer = make_writer(name, grown, Options())
    work = Export(sources_of(run.directory for run in runs), writer)
    for _ in range(2):
        work.read()
        writer.flush()
        for run in runs:
            run.learn(2)
    work.read()
    writer.close()
    export(runs, name, once)
    assert once.read_bytes() == grown.read_bytes(), "one that grew row by row, runs in turn, is the one made at the end"
    about = json.loads((tmp_path / "once.config.json").read_text())
    assert list(about["runs"]) == ["b", "a"] and about["runs"]["a"]["config"]["env_id"] == runs[0].config.env_id
    assert not list(tmp_path.glob(".*")), "nothing temporary is left"


def test_parquet_holds_lists_and_settings_too(tmp_path: Path) -> None:
    import pandas as pd
    import pyarrow.parquet as pq

    run = recorded(tmp_path / "run", 4)
    export([run], "parquet", tmp_path / "m.parquet")
    table, rows = pd.read_parquet(tmp_path / "m.parquet"), read_records(run.directory.metrics)
    assert table["eval_returns"].isna().tolist() == [True, False, True, False]
    assert list(table["eval_returns"][1]) == rows[1]["eval_returns"]
    assert list(table["gate_curve"][3]["count"]) == rows[3]["gate_curve"]["count"]
    assert list(table["gate_curve"][3]["td"]) == rows[3]["gate_curve"]["td"]
    assert table["update"].dtype == "int64" and table["update"].tolist() == [1, 2, 3, 4]
    about = json.loads(pq.read_schema(tmp_path / "m.parquet").metadata[b"gwt_ib"])
    assert about["runs"]["run"]["config"]["hidden_size"] == run.config.hidden_size


def test_tensorboard_has_the_settings_as_text_and_as_hyperparameters(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.metadata import parse_session_start_info_plugin_data

    run = recorded(tmp_path / "run", 3)
    (tmp_path / "tb").mkdir()
    (tmp_path / "tb" / "events.out.tfevents.1.other").touch()
    export([run], "tensorboard", tmp_path / "tb", flat=True)
    assert len(list((tmp_path / "tb").iterdir())) == 2, "somebody else's file stays"
    events = EventAccumulator(str(tmp_path / "tb")).Reload()
    (text,) = events.Tensors("settings/text_summary")
    assert f"| hidden_size | {run.config.hidden_size} |" in text.tensor_proto.string_val[0].decode()
    start = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    hyperparameters = parse_session_start_info_plugin_data(start).hparams
    assert hyperparameters["env_id"].string_value == run.config.env_id
    assert hyperparameters["lr"].number_value == run.config.lr and hyperparameters["memory"].bool_value is True
    rows = read_records(run.directory.metrics)
    times = [event.wall_time for event in events.Scalars("gwt_ib/td_std")]
    created = run.directory.read_run().created or 0.0
    assert times == pytest.approx([created + row["elapsed_s"] for row in rows], abs=1e-3)


def test_wandb_is_offline_whatever_the_environment_says_and_collects_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    run = recorded(tmp_path / "run", 3)
    write_labels(run.directory, Labels("mine", ("gru", "late"), "why"))
    writer = export([run], "wandb", tmp_path / "w", project="mine")
    (folder,) = (tmp_path / "w" / "wandb").glob("offline-run-*")
    assert "wandb sync" in writer.next_steps()[0] and str(folder) in writer.next_steps()[0]
    (file,) = folder.glob("run-*.wandb")
    records = list(wandb_records(file))
    (started,) = (record.run for record in records if record.HasField("run"))
    config = {item.key: json.loads(item.value_json) for item in started.config.update}
    assert (started.display_name, list(started.tags), started.notes) == ("mine", ["gru", "late"], "why")
    assert started.project == "mine" and config["lr"] == run.config.lr and "git_commit" in config["made_with"]
    assert started.host == "-" and not started.git.remote_url, "no name of this machine or of a repository"
    assert not [each for each in records if each.HasField("stats") or each.HasField("output_raw")]
    assert not list((folder / "files").iterdir()), "no list of packages, no code, no machine"


def test_online_without_a_key_is_refused_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UserError, match="wandb login") as caught:
        make_writer("wandb", tmp_path / "w", Options(online=True))
    assert caught.value.code == ExitCode.BAD_CONFIGURATION


def test_trackio_is_local_whatever_the_environment_says(
    tmp_path: Path, trackio_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKIO_SPACE_ID", "somebody/space")
    monkeypatch.setenv("TRACKIO_SERVER_URL", "http://localhost:1")
    run = recorded(tmp_path / "local", 2)
    export([run], "trackio", trackio_folder)
    from trackio.sqlite_storage import SQLiteStorage

    config = SQLiteStorage.get_run_config("gwt-ib", "local")
    assert config is not None and config["hidden_size"] == run.config.hidden_size
    with pytest.raises(UserError, match="one folder a process"):
        make_writer("trackio", tmp_path / "another", Options())


@pytest.mark.parametrize("name", [name for name in FORMATS if FORMATS[name].package])
def test_a_package_that_is_missing_is_a_sentence_with_what_to_install(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_installed(name)
    check_installed("")
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: None)
    check_installed("csv")
    with pytest.raises(UserError, match=rf"pip install 'gwt-ib\[{FORMATS[name].extra}\]'"):
        check_installed(name)


def test_a_destination_that_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is a directory; name a file"):
        make_writer("csv", tmp_path, Options())
    for name in ("csv", "tensorboard", "wandb"):
        with pytest.raises(UserError, match="cannot be written"):
            make_writer(name, tmp_path / "file" / "below", Options())


@pytest.mark.parametrize("name", ["csv", "parquet", "tensorboard"])
def test_a_disk_that_refuses_is_an_error_and_no_wait(name: str, tmp_path: Path, place: Any) -> None:
    run = recorded(tmp_path / "run", 30)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(OSError, match="File too large"):  # as it is with a full disk
            export([run], name, place(name))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_project_that_no_tool_takes_is_a_sentence(tmp_path: Path, trackio_folder: Path) -> None:
    with pytest.raises(UserError, match="A project cannot be called 'a b'"):
        make_writer("wandb", tmp_path / "w", Options(project="a b"))
    sources = sources_of([recorded(tmp_path / "run", 1).directory])
    with pytest.raises(UserError, match=r"trackio cannot begin the run: .*reserved"):
        make_writer("trackio", trackio_folder, Options(project="registry-x")).begin(sources[0])


def test_runs_of_one_name_are_told_apart_and_one_that_is_named_twice_comes_once(tmp_path: Path) -> None:
    runs = [recorded(tmp_path / place / "run", 2) for place in ("a", "b")]
    directories = [run.directory for run in runs]
    assert [each.name for each in sources_of([*directories, directories[0]])] == ["run", "run-2"]
    export(runs, "csv", tmp_path / "m.csv")
    assert set(READERS["csv"](tmp_path / "m.csv")) == {"run", "run-2"}


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_that_a_damaged_run_holds_ends_an_export(name: str, tmp_path: Path, place: Any) -> None:
    run = recorded(tmp_path / "damaged", 1)
    settings = {
        "_wandb": {},
        "a b": 1,
        "lr": 10**400,
        "td_ema": 1e308,
        "seed": 10**30,
        "epochs": [1],
        "device": "\x1b\ud800|",
    }
    run.directory.config.write_text(json.dumps(settings))
    (row,) = read_records(run.directory.metrics)
    curves = [{"td": td, "count": [10**300]} for td in ([1, 0], [0, 1e308], [0], [0, 1], "x")]
    hostile = (1e300, 10**25, 10**400, True, "x", [1, "y", 10**30], {"shut": "w"}, None, *curves)
    for update, value in enumerate(hostile, start=2):
        damaged = dict.fromkeys(row, value) | {"update": update, "env_steps": 4096 * update}
        run.directory.metrics.open("a").write(json.dumps(damaged) + "\n")
    for update, env_steps in ((2.5, 1), (10**30, 10**30), (99, -1), (99, 10**30), (0, 0), (None, 1), (14, 14 * 4096)):
        run.directory.metrics.open("a").write(json.dumps({**row, "update": update, "env_steps": env_steps}) + "\n")
    run.update = 14
    export([run], name, place(name))
    steps = READERS[name](place(name))["damaged"]["update" if name in TABLES else "gwt_ib/update"]
    assert list(steps.values()) == list(range(1, 15)) and list(steps) == [4096 * update for update in range(1, 15)]
