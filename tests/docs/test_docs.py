"""What the pages show is true: Python runs, IR is valid, commands print what is stated.

A block whose first line is a comment that names a file (`# tour.py`, `// main.c`) is written under
that name, where the commands of the page find it.
"""

import doctest
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jitflow.graph import Graph
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function
from jitflow.ir.parser import parse_module
from jitflow.ir.row import ROWS
from jitflow.ir.verifier import verify
from jitflow.passes import manager, registry
from jitflow.passes.step import Pass
from jitflow.testing import check_case, compare_verdicts, read_cases

ROOT = Path(__file__).parents[2]
ROOT_PAGES = [ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING")]
PAGES = [*ROOT_PAGES, *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```([a-z-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(?:[#;]|//) (\w+\.\w+)\n")
LINK = re.compile(r"\]\(([^)#]+)")
PATH = re.compile(r"`((?:[\w.-]+/)*(?:[\w.-]+\.(?:py|md|toml)|[\w.-]+/))`")
"""What names a file or a folder: it ends in a suffix of ours, or in a slash."""

CONSTANT = re.compile(r"`([A-Z_]+ = [\d_]+)`")
TARGET = re.compile(r"\bmake ([a-z]+)\b")

EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


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


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where a page's files are; its modules can be imported, and are gone after the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    modules = set(sys.modules)
    yield tmp_path
    for name in sys.modules.keys() - modules:
        if (tmp_path / f"{name}.py").exists():
            del sys.modules[name]


@EVERY_PAGE
def test_page(page, tables, folder):
    """The blocks of a page in order; its Python blocks share their names, and a graph."""
    with Graph().as_default():
        run_page(page, tables, folder)


def run_page(page, tables, folder):
    names = {"__name__": "page"}
    for kind, text in BLOCK.findall(page.read_text()):
        if (named := FILE.match(text)) is not None:
            (folder / named[1]).write_text(text)
        elif kind == "python":
            exec(compile(text, str(page), "exec"), names)
            enter_passes(names, tables)
        elif kind == "jf-test":
            for case in read_cases(text, page.name):
                compare_verdicts(case, check_case(case))
        elif kind == "pycon":
            run_session(text, names, page)
        elif kind == "console":
            run_commands(text, folder)
        elif kind != "jf":
            raise AssertionError(f"{page}: nothing runs a block of {kind}")
        if kind == "jf":
            assert all(map(verify, parse_module(text, page.name)))


def enter_passes(names, passes):
    """A public function on IR functions is a pass."""
    for name, value in names.items():
        returns = getattr(value, "__annotations__", {}).get("return")
        if returns is Function and value.__module__ == "page":
            passes[name] = Pass(value)


def run_session(text, names, page):
    """Python's prompt with what is typed and shown, as in a docstring."""
    session = doctest.DocTestParser().get_doctest(text, names, page.name, str(page), 0)
    report = []
    doctest.DocTestRunner().run(session, out=report.append, clear_globs=False)
    names.update(session.globs)
    assert not report, "".join(report)


def run_commands(text, folder):
    """`$ command`, in a shell that knows `jitflow`, then what it prints, errors too.

    The folder of the page's files is left out where an error names a file.
    """
    (tool := folder / "bin" / "jitflow").parent.mkdir(exist_ok=True)
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m jitflow.cli "$@"\n')
    tool.chmod(0o755)
    paths = {"PATH": f"{tool.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    for command in text.removeprefix("$ ").split("\n$ "):
        line, _, wanted = command.replace("\\\n", "").partition("\n")
        done = subprocess.run(
            ["sh", "-c", line],
            env={**os.environ, **paths},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        shown = done.stdout.replace(f"{folder}/", "")
        assert shown.rstrip() == wanted.rstrip(), line


def test_tables_of_ops_are_those_of_the_rows():
    file = ROOT / "scripts" / "list_ops.py"
    spec = importlib.util.spec_from_file_location("list_ops", file)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = script.PAGE.read_text()
    assert script.page(text) == text, "run python scripts/list_ops.py"
    assert all(f"| `{name}` |" in text for name in ROWS)


def test_pictures_are_those_of_the_script():
    file = ROOT / "scripts" / "draw_pictures.py"
    code = "import scripts.draw_pictures as d, json; print(json.dumps(d.drawn()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pictures = json.loads(done.stdout)
    folder = ROOT / "docs" / "pictures"
    assert {path.name for path in folder.iterdir()} == set(pictures)
    for name, text in pictures.items():
        assert (folder / name).read_text() == text, f"run python {file.relative_to(ROOT)}"


@EVERY_PAGE
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text()):
        assert "://" in target or (page.parent / target).exists(), f"{page}: {target}"


@pytest.mark.parametrize("page", ROOT_PAGES, ids=lambda page: page.name)
def test_files_and_folders_are_there(page):
    """Paths are relative to the root or to the package."""
    for path in PATH.findall(page.read_text()):
        assert (ROOT / path).exists() or (ROOT / "jitflow" / path).exists(), path


@EVERY_PAGE
def test_constants_have_the_stated_values(page):
    code = "\n".join(path.read_text() for path in (ROOT / "jitflow").rglob("*.py"))
    for constant in CONSTANT.findall(page.read_text()):
        assert f"\n{constant}\n" in code, constant


@EVERY_PAGE
def test_make_knows_its_targets(page):
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    code = "\n".join(re.findall(r"`make [a-z]+|^    make .*", page.read_text(), re.MULTILINE))
    assert set(TARGET.findall(code)) <= set(targets)
