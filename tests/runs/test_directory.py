"""Finding a run, and what is said where there is none or it is damaged."""

import pytest
from support import small_config

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import find_run


@pytest.fixture(autouse=True)
def _in_a_directory_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


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
