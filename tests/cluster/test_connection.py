"""A connection to Ray: what is refused in a sentence, before anything is started."""

import socket

import pytest
from cluster_here import WITH_RAY

from gwt_ib.cluster import connection
from gwt_ib.cluster.connection import connect, need_ray
from gwt_ib.config import Config
from gwt_ib.config_sources import build
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.plan import check_channel


def nobody() -> str:
    """An address at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


@WITH_RAY
@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("here", ExitCode.BAD_CONFIGURATION, "expected HOST:PORT, such as 10.0.0.1:6379, or auto"),
        ("host:", ExitCode.BAD_CONFIGURATION, "expected HOST:PORT"),
        (":6379", ExitCode.BAD_CONFIGURATION, "expected HOST:PORT"),
        ("127.0.0.1:99999", ExitCode.RESOURCES_USED_UP, "No Ray cluster answers at 127.0.0.1:99999"),
        pytest.param(nobody(), ExitCode.RESOURCES_USED_UP, "Connection refused", id="nobody listens"),
    ],
)
def test_an_address_at_which_there_is_no_cluster_is_a_sentence(address, code, words):
    for ask in (connect, lambda it: check_channel(Config(channel="ray", ray_address=it))):
        with pytest.raises(UserError, match=words) as refused:
            ask(address)
        assert refused.value.code == code


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(connection.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'gwt-ib\[ray\]'") as refused:
        need_ray()
    assert refused.value.code == ExitCode.USAGE
    check_channel(Config())  # a local run needs none


@pytest.mark.parametrize(
    ("address", "token", "words"),
    [
        ("127.0.0.1:6379", "", ""),
        ("10.1.2.3:6379", "", "whoever reaches its ports can run code"),
        ("10.1.2.3:6379", "token", "who reaches its ports and has its token"),
    ],
)
def test_a_cluster_that_listens_beyond_this_machine_is_said(monkeypatch, address, token, words):
    monkeypatch.setenv("RAY_AUTH_MODE", token)
    sentence = connection._exposure(address)
    assert words in sentence and bool(words) == bool(sentence)


@pytest.mark.parametrize("text", ["", "fast=1", "fast=1,arm=0.5", "node:10.0.0.2=0.01"])
def test_resources_are_names_with_numbers(text):
    assert build({"ray_resources": text}).ray_resources == text


@pytest.mark.parametrize("text", ["fast", "fast=", "=1", "fast=1,", "fast=-1", "fast=1, arm=2", "fast=x"])
def test_other_resources_are_refused(text):
    with pytest.raises(UserError, match="ray_resources"):
        build({"ray_resources": text})
