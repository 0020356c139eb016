"""docs/cluster.md: its example of an autoscaling cluster is one that Ray takes."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from cluster_here import WITH_RAY

PAGE = Path(__file__).parents[2] / "docs" / "cluster.md"


@WITH_RAY
def test_the_autoscaling_example_fits_the_schema_of_ray() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("yaml")
    example = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0])
    found = find_spec("ray")  # it is not imported in the process of the tests
    assert found and found.origin
    schema = json.loads((Path(found.origin).parent / "autoscaler" / "ray-schema.json").read_text())
    jsonschema.validate(example, schema)
    assert example["head_node_type"] in example["available_node_types"]
