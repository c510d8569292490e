"""The page of terms names nothing that is not there: each name imports, each command runs."""

import argparse
import importlib
import re
from pathlib import Path

import pytest

from jitflow.cli.main import COMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "terms.md").read_text()
NAMES = sorted(set(re.findall(r"`(jitflow(?:\.\w+)+)`", PAGE)))
USES = sorted(set(re.findall(r"`jitflow (\w+)((?: --[\w-]+)*)`", PAGE)))


@pytest.mark.parametrize("name", NAMES)
def test_name_is_there(name):
    parts = name.split(".")
    found = importlib.import_module(parts[0])
    for i, part in enumerate(parts[1:], 2):
        if not hasattr(found, part):
            importlib.import_module(".".join(parts[:i]))
        found = getattr(found, part)


@pytest.mark.parametrize(("command", "options"), USES)
def test_command_is_there(command, options):
    commands = argparse.ArgumentParser().add_subparsers()
    for module in COMMANDS:
        module.add(commands)
    known = commands.choices[command].format_help()
    assert all(option in known for option in options.split())


def test_every_row_says_where():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    assert len(rows) > 50 and len(NAMES) > 80 and len(USES) >= 4
    for row in rows:
        term, place = row.strip("| ").split(" | ")
        assert term and (term == "term" or "`" in place)
