"""`jitflow opt`: passes over IR text, in process."""

import io
import json
import sys
from pathlib import Path

import pytest

from jitflow.cli.main import main
from jitflow.passes.registry import PASSES

TEXT = """\
func @f(%x: f32[2]) {
  %0: f32[2] = add %x, %x
  %1: f32[2] = add %x, %x
  %2: f32[2] = mul %0, %1
  return %2
}
"""
MERGED = """\
func @f(%x: f32[2]) {
  %0: f32[2] = add %x, %x
  %1: f32[2] = mul %0, %0
  return %1
}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "f.jf"
    path.write_text(TEXT)
    return str(path)


def test_passes_write_ir_to_stdout(file, capsys):
    assert main(["opt", file, "-p", "cse,dce"]) == 0
    assert capsys.readouterr() == (MERGED, "")


def test_no_passes_print_the_text_again(file, capsys):
    assert main(["opt", file]) == 0
    assert capsys.readouterr().out == TEXT


def test_dash_reads_stdin(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO(TEXT))
    assert main(["opt", "-", "-p", "cse"]) == 0
    assert capsys.readouterr().out == MERGED


def test_every_function_of_a_file(tmp_path, capsys):
    file = tmp_path / "two.jf"
    file.write_text(TEXT + TEXT.replace("@f", "@g"))
    assert main(["opt", str(file), "-p", "cse"]) == 0
    assert capsys.readouterr().out == MERGED + "\n" + MERGED.replace("@f", "@g")


def test_output_file_is_written_whole(file, tmp_path, capsys):
    out = tmp_path / "out.jf"
    assert main(["opt", file, "-p", "cse", "-o", str(out)]) == 0
    assert out.read_text() == MERGED and capsys.readouterr() == ("", "")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.jf", "out.jf"]


def test_output_file_stays_as_it_was_after_a_fault(file, tmp_path, capsys):
    out = tmp_path / "out.jf"
    out.write_text("kept")
    assert main(["opt", file, "-p", "nosuch", "-o", str(out)]) == 2
    assert out.read_text() == "kept"


def test_output_through_a_link_keeps_link_and_mode(file, tmp_path):
    target, link = tmp_path / "target.jf", tmp_path / "link.jf"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    assert main(["opt", file, "-o", str(link)]) == 0
    assert link.is_symlink() and target.read_text() == TEXT
    assert target.stat().st_mode & 0o777 == 0o600


def test_output_to_a_device(file, capsys):
    assert main(["opt", file, "-o", "/dev/null"]) == 0
    assert Path("/dev/null").is_char_device()
    if Path("/dev/full").exists():
        assert main(["opt", file, "-o", "/dev/full"]) == 2
        assert "cannot write /dev/full: No space left" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "titles"),
    [
        ("--print-before-all", ["; before cse", "; before dce"]),
        ("--print-after-all", ["; after cse", "; after dce"]),
        ("--print-changed", ["; changed by cse"]),
    ],
)
def test_printing_goes_to_stderr(file, capsys, option, titles):
    assert main(["opt", file, "-p", "cse,dce", option, "--verify-each"]) == 0
    out, err = capsys.readouterr()
    assert out == MERGED
    assert [line for line in err.splitlines() if line.startswith(";")] == titles


def test_limit_stops_after_so_many_passes(file, capsys):
    assert main(["opt", file, "-p", "cse", "--limit", "0"]) == 0
    assert capsys.readouterr().out == TEXT


def test_timing_is_a_table(file, capsys):
    assert main(["opt", file, "-p", "cse,dce", "--time-passes"]) == 0
    err = capsys.readouterr().err.splitlines()
    assert err[0].split() == ["ms", "ops", "step"]
    assert [line.split()[-1] for line in err[1:]] == ["cse", "dce", "total"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["FILE", "-p", "cse,ces"], "<pipeline>:1:5: unknown pass 'ces'"),
        (["FILE", "-p", "cse{width=4}"], "cse has no option 'width'"),
        (["FILE", "-p", "cse,"], "expected a pass, got the end"),
        (["FILE", "--limit", "-3"], "--limit: expected a whole number, got '-3'"),
        (["FILE", "--limit", "x"], "--limit: expected a whole number, got 'x'"),
        (["FILE", "--nosuch"], "unrecognized arguments: --nosuch"),
        (["nosuch.jf"], "cannot read nosuch.jf: No such file"),
        (["/"], "cannot read /: Is a directory"),
        (["FILE", "-o", "/nosuch/f.jf"], "cannot write /nosuch/f.jf: No such file"),
        (["FILE", "-o", "/"], "cannot write /"),
        ([], "required: WHAT"),
    ],
)
def test_wrong_arguments(file, capsys, arguments, problem):
    assert main(["opt", *(file if a == "FILE" else a for a in arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and problem in err and err.startswith("jitflow: ")
    assert len(err.splitlines()) <= 6


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (TEXT.replace("mul", "mull").encode(), "f.jf:4:16: unknown op 'mull'"),
        (TEXT.encode()[:60], "f.jf:3:13: expected '=', got the end of the text"),
        (b"", "f.jf:1:1: expected 'func', got the end of the text"),
        (b"\xff\xfe\x00", "f.jf is not UTF-8 text: byte 0"),
        ((TEXT + TEXT).encode(), "f.jf:7:7: @f is defined twice"),
    ],
)
def test_wrong_text(tmp_path, capsys, content, problem):
    file = tmp_path / "f.jf"
    file.write_bytes(content)
    assert main(["opt", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and problem in err


def test_windows_lines_and_byte_order_mark(tmp_path, capsys):
    file = tmp_path / "f.jf"
    file.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert main(["opt", str(file)]) == 0
    assert capsys.readouterr().out == TEXT


def test_passes_for_machines(capsys):
    assert main(["passes", "--json"]) == 0
    records = {record["pass"]: record for record in json.loads(capsys.readouterr().out)}
    assert set(records) == set(PASSES)
    assert records["cse"]["stages"] == ["opt", "kernels"]
    assert "vector_bytes" in records["vectorize"]["options"][0]
    assert main(["passes", "dce", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [records["dce"]]
