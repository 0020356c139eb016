"""Making, finding and describing run directories, and the inbox for requests."""

import json
import stat

import pytest
from support import small_config

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.control import send_request, take_requests
from gwt_ib.runs.directory import create_run, find_run, list_runs


@pytest.fixture(autouse=True)
def _in_a_directory_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_new_run_has_a_telling_name_its_configuration_and_its_first_state():
    run = create_run(small_config(), None, ["gwt-ib-tui", "launch"])
    assert run.name.startswith("popgym-RepeatPreviousEasy-v0__s42__20")
    assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
    assert run.read_config() == small_config()
    record = run.read_run()
    assert record.state == "starting" and record.exit_code is None
    assert record.versions["torch"]
    assert find_run("latest").path == run.path == find_run(run.name).path == find_run(str(run.path)).path


def test_a_directory_with_something_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match="is not empty") as caught:
        create_run(small_config(), tmp_path / "mine", [])
    assert caught.value.code == ExitCode.CANNOT_CREATE_RUN
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_a_file_in_the_way_is_an_error_and_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="Cannot create the run directory"):
        create_run(small_config(), tmp_path / "file" / "run", [])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_environment_id_cannot_lead_out_of_the_runs_folder():
    run = create_run(small_config(env_id="../../evil:[red]Env-v0"), None, [])
    assert run.path.parent.name == "runs"
    assert list_runs() == [run]


def test_the_nearest_run_is_named():
    name = create_run(small_config(), None, []).name
    with pytest.raises(UserError, match="Did you mean popgym-Rep"):
        find_run(name[:-3])


def test_a_damaged_configuration_is_bad_data():
    run = create_run(small_config(), None, [])
    run.config.write_text("{")
    with pytest.raises(UserError, match="missing or damaged") as caught:
        run.read_config()
    assert caught.value.code == ExitCode.BAD_DATA


def test_requests_arrive_once_in_order_and_strange_files_are_refused(tmp_path):
    inbox = tmp_path
    first, second = send_request(inbox, "pause"), send_request(inbox, "snapshot")
    (inbox / "0.json").write_text(json.dumps({"id": "x", "kind": "reboot"}))
    (inbox / "1.json").write_text("nonsense")
    (inbox / "2.json").write_bytes(b" " * 70_000)
    (inbox / ".half.json.tmp-1").write_text("{")
    requests, refused = take_requests(inbox)
    assert {request.id for request in requests} == {first, second}
    assert [request.kind for request in requests if request.id == first] == ["pause"]
    assert len(refused) == 3 and any("unknown kind 'reboot'" in sentence for sentence in refused)
    assert take_requests(inbox) == ([], [])
