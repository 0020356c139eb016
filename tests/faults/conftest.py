"""The run that tests disturb; and the seed of every random choice is said, so that a failure can be seen again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos import Chaos, chaos
from faults_support import SEED
from outcome import Outcome, outcome
from undisturbed import SETTINGS


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Chaos]:
    """A run that is not started yet; when the test is over it has ended, and the four invariants hold."""
    with chaos(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What a run of `undisturbed.SETTINGS` comes to that nobody disturbs."""
    with chaos(tmp_path_factory.mktemp("undisturbed")) as run:
        run.launch(**SETTINGS)
        assert run.ends() == 0
    return outcome(run.run)


def pytest_report_header() -> str:
    return f"faults: GWT_IB_FAULT_SEED={SEED}"
