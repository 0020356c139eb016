"""The machines of a cluster: whose versions are the same."""

from gwt_ib.cluster.nodes import SAME, differences, this_machine
from gwt_ib.cluster.remote_actor import resources


def test_a_machine_says_its_name_and_the_versions_of_what_computes():
    here = this_machine()
    assert set(here) == {"host", "Python", *SAME} and all(here.values())
    assert here["numba"] != "none"


def test_machines_with_the_same_versions_differ_in_nothing():
    here = this_machine()
    assert differences(here, {**here, "host": "elsewhere", "node": "0a1b"}) == ""


def test_every_version_that_differs_is_named_with_both():
    here = {**this_machine(), "numba": "0.61.0", "Python": "3.11.7"}
    there = {name: value for name, value in here.items() if name != "popgym"} | {"numba": "0.60.0"}
    assert differences(here, there) == f"numba 0.60.0 instead of 0.61.0, popgym none instead of {here['popgym']}"


def test_resources_are_read_as_ray_wants_them():
    assert resources("fast=1,node:10.0.0.2=0.01") == {"fast": 1.0, "node:10.0.0.2": 0.01}
