"""Every command shows three examples, and the command line reads each of them."""

import shlex

import pytest
import typer.main

from gwt_ib.config import Config
from gwt_ib.config_sources import preset_names
from gwt_ib_tui.cli import app
from gwt_ib_tui.commands.examples import EXAMPLES

GROUP = typer.main.get_command(app)
COMMANDS = GROUP.commands


def help_of(name):
    return COMMANDS[name].get_help(COMMANDS[name].make_context(name, [], resilient_parsing=True))


def test_every_command_has_three_examples_and_no_example_is_of_none():
    assert {name: len(lines) for name, lines in EXAMPLES.items()} == dict.fromkeys(COMMANDS, 3)


@pytest.mark.parametrize("line", sorted({line for lines in EXAMPLES.values() for line in lines}))
def test_an_example_is_read(line):
    name, *arguments = shlex.split(line)
    context = COMMANDS[name].make_context(name, arguments)  # it raises a usage error for what it cannot read
    assert context.info_name == name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_help_ends_with_the_examples_a_line_each(name):
    end = [line.strip() for line in help_of(name).splitlines()[-4:]]
    assert end == ["Examples:", *(f"gwt-ib-tui {line}" for line in EXAMPLES[name])]


def test_the_help_of_launch_names_the_default_task_and_every_preset():
    words = " ".join(help_of("launch").split())
    assert f"Default {Config().env_id};" in words
    assert f"A named set of settings: {', '.join(preset_names())}." in words
