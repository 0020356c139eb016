"""The metrics of a run as columns."""

import numpy as np

from gwt_ib.runs.columns import columns_of, read_columns
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.metrics import NUMBERS


def test_what_is_no_number_is_nan_and_every_metric_has_as_many_rows():
    found = columns_of([{"update": 1, "ep100": None, "gate_curve": {}}, {"update": 2, "ep100": 0.5, "lr": "high"}])
    assert tuple(found) == NUMBERS and {column.shape for column in found.values()} == {(2,)}
    assert found["update"].tolist() == [1.0, 2.0]
    assert np.isnan(found["ep100"][0]) and found["ep100"][1] == 0.5
    assert np.isnan(found["lr"]).all()


def test_a_run_without_rows_has_columns_of_none(tmp_path):
    assert read_columns(RunDirectory(tmp_path), ("update", "ep100"))["ep100"].shape == (0,)
