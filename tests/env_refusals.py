"""The check of an environment by its id, and the sentence with which one is refused; for tests."""

import warnings

import pytest
from support import task

from gwt_ib.envs.make import check_environment
from gwt_ib.errors import ExitCode, UserError


def check(env_id, prev_action=False):
    return check_environment(task(env_id, prev_action))


def refusal(env_id, prev_action=False):
    """The sentence with which an id is refused; nothing may be warned of beside it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserError) as caught:
            check(env_id, prev_action)
    assert caught.value.code is ExitCode.BAD_CONFIGURATION
    assert "\n" not in caught.value.message
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 700
    return caught.value.message
