"""What the pages in docs/ show is true: Python runs, IR is valid, commands print what is stated."""

import importlib.util
import io
import re
import shlex
import sys
from pathlib import Path

import pytest

from jitflow.cli.main import main
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function
from jitflow.ir.parser import parse_module
from jitflow.ir.row import ROWS
from jitflow.ir.verifier import verify
from jitflow.passes import manager, registry
from jitflow.passes.step import Pass
from jitflow.testing import check_case, compare_verdicts, read_cases

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^```([a-z-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)")


@pytest.fixture
def tables(monkeypatch):
    """Rows and passes that a page adds are gone after the test."""
    rows, methods = dict(ROWS), set(vars(Builder))
    monkeypatch.setattr(registry, "PASSES", passes := dict(registry.PASSES))
    monkeypatch.setattr(manager, "PASSES", passes)
    yield passes
    for name in ROWS.keys() - rows.keys():
        del ROWS[name]
    for name in vars(Builder).keys() - methods:
        delattr(Builder, name)
    manager._parse_text.cache_clear()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page(page, tables, capsys, monkeypatch):
    """The blocks of a page in order; its Python blocks share their names."""
    names = {"__name__": "page"}
    for kind, text in BLOCK.findall(page.read_text()):
        if kind == "python":
            exec(compile(text, str(page), "exec"), names)
            enter_passes(names, tables)
        elif kind == "jf":
            assert all(map(verify, parse_module(text, page.name)))
        elif kind == "jf-test":
            for case in read_cases(text, page.name):
                compare_verdicts(case, check_case(case))
        elif kind == "console":
            run_console(text, capsys, monkeypatch)
        else:
            raise AssertionError(f"{page}: nothing runs a block of {kind}")


def enter_passes(names, passes):
    """A public function on IR functions is a pass."""
    for name, value in names.items():
        returns = getattr(value, "__annotations__", {}).get("return")
        if returns is Function and value.__module__ == "page":
            passes[name] = Pass(value)


def run_console(text, capsys, monkeypatch):
    """`$ echo '...' | jitflow ...` or `$ jitflow ...`, then what it prints."""
    for command in text.removeprefix("$ ").split("\n$ "):
        line, _, wanted = command.partition("\n")
        first, pipe, last = line.rpartition(" | ")
        if pipe:
            monkeypatch.setattr(sys, "stdin", io.StringIO(shlex.split(first)[1] + "\n"))
        assert (arguments := shlex.split(last)).pop(0) == "jitflow"
        main(arguments)
        out, err = capsys.readouterr()
        assert (out + err).rstrip() == wanted.rstrip(), line


def test_tables_of_ops_are_those_of_the_rows():
    file = ROOT / "scripts" / "list_ops.py"
    spec = importlib.util.spec_from_file_location("list_ops", file)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = script.PAGE.read_text()
    assert script.page(text) == text, "run python scripts/list_ops.py"
    assert all(f"| `{name}` |" in text for name in ROWS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text()):
        assert "://" in target or (page.parent / target).exists(), f"{page}: {target}"
