"""What strangers get: one version, documents that agree with the code, and a site whose pages are all there."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from gwt_ib import __version__
from gwt_ib.config import Config

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def load(path):
    """A program of docs/site as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_version_is_written_once_and_what_cites_it_agrees():
    assert "version" in PROJECT["dynamic"] and "version" not in PROJECT
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    newest = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[0]
    assert cited["version"] == newest == __version__


def test_every_package_that_is_needed_has_a_lower_bound_and_a_version_in_the_constraints():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    extras = [needed for found in PROJECT["optional-dependencies"].values() for needed in found]
    for needed in [*PROJECT["dependencies"], *extras]:
        if needed.startswith("gwt-ib["):
            continue
        name, bound = re.match(r"([\w-]+)(?:\[\w+\])?(>=)?", needed).groups()
        assert bound, f"{needed} has no lower bound"
        assert name.lower() in pinned, f"{needed} is in no constraint"


def test_readmes_pictures_are_made_by_the_command_beside_them():
    pictures = load(ROOT / "docs" / "site" / "pictures.py")
    assert f"`gwt-ib-tui {' '.join(pictures.COMMAND)}`" in README
    shown = set(re.findall(r"!\[[^]]+\]\(docs/(\w+\.svg)\)", README))
    assert shown == set(pictures.PICTURES)


def test_the_site_has_every_document_and_every_setting_command_and_exit_code():
    pytest.importorskip("mkdocs", reason="the documentation site needs mkdocs")
    reference = load(ROOT / "docs" / "site" / "reference.py")
    settings, commands, codes = reference.settings_page(), reference.commands_page(), reference.exit_codes_page()
    assert all(f"| `{name}` |" in settings for name in Config.model_fields)
    assert "## launch" in commands and "Examples:" in commands
    assert "| 78 |" in codes and len(codes.splitlines()) > 10
    named = set(re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    there = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert {name for name in named if "/" not in name} == there
