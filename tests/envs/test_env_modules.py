"""An id that names a module: what is imported, from where, and what is said where that cannot be done."""

import subprocess
import sys
import warnings
from pathlib import Path

import gymnasium
import pytest
from env_refusals import check, refusal


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current directory; what is imported from it is forgotten again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gwt_ib.envs.folders.START", str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    modules, ids = set(sys.modules), set(gymnasium.registry)
    yield tmp_path
    for name in set(sys.modules) - modules:
        del sys.modules[name]
    for env_id in set(gymnasium.registry) - ids:
        del gymnasium.registry[env_id]


MODULE = """
import warnings, gymnasium
warnings.warn("a module that warns")
for _ in range(2):
    gymnasium.register("EnvTestHere-v0", "popgym.envs.repeat_first:RepeatFirstEasy")
"""


def test_a_module_of_the_current_directory_is_imported(here):
    Path("envs_here_a.py").write_text(MODULE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check("envs_here_a:EnvTestHere-v0", False).observation_size == 4
    assert "Did you mean EnvTestHere-v0?" in refusal("envs_here_a:EnvTestHere")


def test_the_current_directory_hides_no_installed_module(here):
    Path("colorsys.py").write_text("raise RuntimeError('shadowed')")
    Path("envs_here_b.py").write_text("import colorsys" + MODULE)
    script = (
        "import sys, gwt_ib.envs.make as make; from gwt_ib.config import Config; assert 'colorsys' not in sys.modules; "
    )
    script += "make.make_env(Config(env_id='envs_here_b:EnvTestHere-v0'))"
    subprocess.run([sys.executable, "-P", "-c", script], check=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import not_there_at_all", "'envs_here_c' cannot be imported: ModuleNotFoundError: No module named"),
        ("1 / 0", "'envs_here_c' cannot be imported: ZeroDivisionError: division by zero"),
        ("def broken(", "'envs_here_c' cannot be imported: SyntaxError"),
        ("import sys; sys.exit(3)", "'envs_here_c' cannot be imported: SystemExit: 3"),
        ("", "no environment 'Some-v0' after the module 'envs_here_c' was imported"),
    ],
)
def test_a_module_that_cannot_be_imported(here, text, words):
    Path("envs_here_c.py").write_text(text)
    assert words in refusal("envs_here_c:Some-v0")


@pytest.mark.parametrize("module", ["not_there_at_all", "not_there_at_all.deeper", "gymnasium.not_there"])
def test_a_module_that_is_not_there(here, module):
    assert "There is no module" in refusal(f"{module}:CartPole-v1")


@pytest.mark.parametrize("env_id", [":CartPole-v1", ".:CartPole-v1", "..x:CartPole-v1"])
def test_a_module_name_that_is_none(here, env_id):
    assert "cannot be imported" in refusal(env_id)
