"""Colours are for terminals; without them the text is what it is in a pipe."""

import io
import re

import pytest

from jitflow.cli.colour import RED, highlight, is_coloured, paint
from jitflow.cli.main import main

ESCAPE = re.compile(r"\033\[\d*m")
TEXT = """\
; stage: opt
func @f(%x: f32[2], %y: &f32[3 strides 2] temp) {
  %0: f32[2] = constant {value=-1.5e-05}
  %1: f32<8> = add %0, %x  ; model.py:3
  store %1, %y, %0 {kind="parallel"}
  return %1
}
"""


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


def test_who_has_colours(monkeypatch):
    assert is_coloured(Terminal()) and not is_coloured(io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not is_coloured(Terminal())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert is_coloured(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not is_coloured(Terminal())


def test_colours_add_nothing_but_colours(monkeypatch):
    assert highlight(TEXT) == TEXT and paint("x", RED) == "x"
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = highlight(TEXT)
    assert ESCAPE.sub("", coloured) == TEXT
    for word in ("; stage: opt", "@f", "%0", "f32", "add", "-1.5e-05", '"parallel"', "store"):
        assert re.search(rf"\033\[\d+m(\s*){re.escape(word)}\033\[0m", coloured), word


@pytest.mark.parametrize("command", [["passes"], ["ops"], ["ops", "clamp"], ["passes", "cse"]])
def test_commands_in_colour(command, capsys, monkeypatch):
    assert main(command) == 0
    plain = capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(command) == 0
    coloured = capsys.readouterr().out
    assert ESCAPE.search(coloured) and ESCAPE.sub("", coloured) == plain


def test_files_and_json_have_none(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    (tmp_path / "f.jf").write_text("func @f(%x: f32[2]) {\n  return %x\n}\n")
    assert main(["opt", str(tmp_path / "f.jf"), "-o", str(tmp_path / "out.jf")]) == 0
    assert main(["ops", "--json"]) == 0
    assert not ESCAPE.search((tmp_path / "out.jf").read_text() + capsys.readouterr().out)
