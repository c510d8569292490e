"""`jitflow run`: IR text on arrays, compiled and interpreted, in process."""

import json

import ml_dtypes
import numpy as np
import pytest

from jitflow.cli.main import main

TEXT = """\
func @f(%x: f32[2], %k: i64[2]) {
  %0: f32[2] = add %x, %x
  %1: i64[2] = mul %k, %k
  return %0, %1
}
"""
SYMBOLIC = """\
func @f(%x: f32[n]) {
  %0: f32[n] = neg %x
  return %0
}
"""
LOOPS = """\
func @double(%x: &f32[3], %out: &f32[3]) {outputs=1} {
  %0: i64[] = constant {value=0}
  %1: i64[] = constant {value=3}
  loop %0, %1 (%i: i64[]) {
    %2: f32[] = load %x, %i
    %3: f32[] = add %2, %2
    store %3, %out, %i
    yield
  }
  return
}
"""
CHECK = """\
func @f(%x: bool[]) {
  check %x {id=1, message="no"}
  return %x
}
"""
HOWS = pytest.mark.parametrize("how", ["--native", "--interpret"])


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.array([1, np.nan], np.float32))
    np.save("k.npy", np.array([2, 3]))
    (tmp_path / "f.jf").write_text(TEXT)
    return "f.jf"


def results(capsys, *arguments):
    """What `--json` says of the results."""
    assert main(["run", *arguments, "--json"]) == 0
    return [entry["data"] for entry in json.loads(capsys.readouterr().out)["results"]]


@HOWS
def test_files(file, capsys, how):
    assert results(capsys, file, "--inputs", "x.npy, k.npy", how) == [[2, "nan"], [4, 9]]


def test_text_for_people(file, capsys):
    assert main(["run", file, "--inputs", "x.npy,k.npy"]) == 0
    shown = "result 0: f32[2]\n[ 2. nan]\n\nresult 1: i64[2]\n[4 9]\n"
    assert capsys.readouterr() == (shown, "")


def test_random_inputs_follow_the_seed(file, capsys):
    first = results(capsys, file)
    assert first == results(capsys, file, "--seed", "0", "--interpret")
    assert first != results(capsys, file, "--seed", "1")
    mixed = results(capsys, file, "--inputs", "f32[2], k.npy")
    assert mixed[1] == [4, 9]


def test_sizes_known_to_the_call_only(tmp_path, capsys):
    (tmp_path / "f.jf").write_text(SYMBOLIC)
    arguments = str(tmp_path / "f.jf"), "--interpret"
    assert len(results(capsys, *arguments, "--inputs", "f32[5]")[0]) == 5
    assert main(["run", *arguments]) == 2
    assert 'its size must be given\n  such as --inputs "f32[8]"' in capsys.readouterr().err


@HOWS
def test_loop_ir(tmp_path, capsys, how):
    (tmp_path / "f.jf").write_text(LOOPS)
    np.save(tmp_path / "x.npy", np.array([1, 2, 3], np.float32))
    arguments = str(tmp_path / "f.jf"), "--inputs", str(tmp_path / "x.npy"), how
    assert results(capsys, *arguments) == [[2, 4, 6]]


def test_loop_ir_that_leaves_its_buffer_is_interpreted(tmp_path, capsys):
    (tmp_path / "f.jf").write_text(LOOPS.replace("value=3", "value=4"))
    assert main(["run", str(tmp_path / "f.jf")]) == 2
    assert "load" in capsys.readouterr().err


@HOWS
def test_a_failed_check_names_its_line(tmp_path, capsys, how):
    (tmp_path / "f.jf").write_text(CHECK)
    np.save(tmp_path / "x.npy", np.array(False))
    assert main(["run", str(tmp_path / "f.jf"), "--inputs", str(tmp_path / "x.npy"), how]) == 2
    assert "f.jf:2" in (err := capsys.readouterr().err) and "no" in err


@pytest.mark.parametrize("dtype", ["f16", "bf16", "c64", "bool", "u8"])
def test_dtypes_to_text(tmp_path, capsys, dtype):
    text = f"func @f(%x: {dtype}[2]) {{ %0: {dtype}[2] = reverse %x {{axes=[0]}} return %0 }}"
    (tmp_path / "f.jf").write_text(text)
    values = np.array([1, 0]).astype(ml_dtypes.bfloat16 if dtype == "bf16" else np.float16)
    if dtype not in ("bf16", "f16"):
        values = values.astype({"c64": np.complex64, "bool": bool, "u8": np.uint8}[dtype])
    np.save(tmp_path / "x.npy", values)
    (found,) = results(
        capsys, str(tmp_path / "f.jf"), "--interpret", "--inputs", str(tmp_path / "x.npy")
    )
    assert found == ([[0, 0], [1, 0]] if dtype == "c64" else [0, 1])


@pytest.mark.parametrize("count", ["3", "-1", '"a"', "[1]"])
def test_outputs_that_there_are_not(tmp_path, capsys, count):
    (tmp_path / "f.jf").write_text(LOOPS.replace("outputs=1", f"outputs={count}"))
    assert main(["run", str(tmp_path / "f.jf")]) == 2
    assert "is no number of its parameters" in capsys.readouterr().err


def test_output_file(file, capsys):
    assert main(["run", file, "--inputs", "x.npy,k.npy", "-o", "out.npz"]) == 0
    assert capsys.readouterr() == ("", "")
    with np.load("out.npz") as out:
        assert out["result1"].tolist() == [4, 9] and out["result0"].dtype == np.float32


def test_one_function_of_several(tmp_path, capsys):
    (tmp_path / "f.jf").write_text(TEXT + SYMBOLIC.replace("@f", "@g"))
    file = str(tmp_path / "f.jf")
    assert main(["run", file]) == 2
    assert "--function must name one; the functions are f, g" in capsys.readouterr().err
    assert main(["run", file, "--function", "h"]) == 2
    assert "no function 'h'; the functions are f, g" in capsys.readouterr().err
    assert len(results(capsys, file, "--function", "f")) == 2


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ("x.npy", "--inputs gives 1 arrays, the function takes 2"),
        ("no.npy, k.npy", "cannot read no.npy: No such file or directory"),
        ("f.npy, k.npy", "cannot read f.npy"),
        ("z.npy, k.npy", "cannot read z.npy"),
        ("text.npy, k.npy", "%x is f32[2]; text.npy is <U1[2]"),
        ("big_endian.npy, k.npy", "%x is f32[2]; big_endian.npy is >f4[2]"),
        ("k.npy, k.npy", "%x is f32[2]; k.npy is int64[2]"),
        ("f32[3], k.npy", "%x is f32[2]; f32[3] is float32[3]"),
        ("f32[3, k.npy", "--inputs:1:6: expected ',' or ']' in a shape"),
        ("f33[2], k.npy", "unknown dtype 'f33'"),
        ("None, k.npy", "expected a .npy file or a type"),
        ("f32[99999999999], k.npy", "99999999999 random elements are too many"),
    ],
)
def test_wrong_inputs(file, tmp_path, capsys, inputs, problem):
    (tmp_path / "f.npy").write_text("no array")
    (tmp_path / "z.npy").write_bytes(b"PK\x03\x04")
    np.save("big_endian.npy", np.ones(2, ">f4"))
    np.save("text.npy", np.array(["a", "b"]))
    assert main(["run", file, "--inputs", inputs]) == 2
    out, err = capsys.readouterr()
    assert out == "" and problem in err and len(err.splitlines()) <= 6


@pytest.mark.parametrize("seed", ["-1", "x", "1.5"])
def test_wrong_seeds(file, capsys, seed):
    assert main(["run", file, "--seed", seed]) == 2
    assert "expected a whole number" in capsys.readouterr().err


def test_pickled_objects_are_not_loaded(file, capsys):
    np.save("o.npy", np.array([{}], object), allow_pickle=True)
    assert main(["run", file, "--inputs", "o.npy, k.npy"]) == 2
    assert "cannot read o.npy" in capsys.readouterr().err


def test_results_that_memory_does_not_hold(tmp_path, capsys):
    text = "func @f(%x: f32[1]) {{ %0: {0} = broadcast %x {{shape=[{1}], axes=[1]}} return %0 }}"
    (tmp_path / "f.jf").write_text(text.format("f32[99999999999999, 1]", "99999999999999, 1"))
    assert main(["run", str(tmp_path / "f.jf")]) == 2
    assert "Unable to allocate" in capsys.readouterr().err
