"""Code kept on disk: found again by another process, and never trusted when damaged."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from jitflow.codegen import RowFunction
from jitflow.ir.row import ROWS
from jitflow.passes.expand import Kind
from jitflow.runtime import disk, library
from jitflow.runtime.engine import engine
from jitflow.runtime.entry import why_not_native

PROGRAM = """
import numpy as np, jitflow as jf
from jitflow.runtime.engine import Engine
texts, original = [], Engine.object_image
Engine.object_image = lambda self, text, *more: texts.append(text) or original(self, text, *more)
result = jf.jit(lambda x: np.sin(x) + np.tanh(x))(np.linspace(-9, 9, 50, dtype=np.float32))
print(sum(text.startswith(("@jitflow_sin", "define <8 x float> @jitflow_")) for text in texts))
print(result.tobytes().hex())
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    place = tmp_path / "objects"
    monkeypatch.setattr(disk, "folder", lambda: place)
    return place


def run(cache_dir):
    environment = {**os.environ, "JITFLOW_CACHE_DIR": str(cache_dir)}
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    compiled, result = found.stdout.split()
    return int(compiled), result


def test_a_second_process_finds_what_the_first_one_made(tmp_path):
    first, second = run(tmp_path), run(tmp_path)
    assert first[0] == 2 and second[0] == 0
    assert first[1] == second[1]
    functions_and_stub = 2 + (not why_not_native())
    assert len(list((tmp_path / "objects").iterdir())) == functions_and_stub


def test_off_and_folders_that_cannot_be_written(tmp_path):
    expected = run(tmp_path)[1]
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    for place in ("off", blocked, "/proc/jitflow"):
        assert run(place) == (2, expected)


def test_an_object_comes_back(folder):
    key = disk.key_of("a", "b")
    assert disk.load(key) is None
    disk.save(key, b"code")
    assert disk.load(key) == b"code"
    assert [path.name for path in folder.iterdir()] == [key]
    assert disk.key_of("a", "bc") != disk.key_of("ab", "c")


@pytest.mark.parametrize("damage", [b"", b"short", b"\0" * 100])
def test_a_damaged_file_is_no_file(folder, damage):
    key = disk.key_of("x")
    disk.save(key, b"code" * 100)
    (folder / key).write_bytes(damage)
    assert disk.load(key) is None
    disk.save(key, b"other")
    assert disk.load(key) == b"other"


def test_a_cut_file_is_no_file(folder):
    key = disk.key_of("x")
    disk.save(key, b"code" * 100)
    whole = (folder / key).read_bytes()
    for length in range(0, len(whole), 37):
        (folder / key).write_bytes(whole[:length])
        assert disk.load(key) is None


def test_a_full_disk_leaves_nothing_behind(folder, monkeypatch):
    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", fail)
    disk.save(disk.key_of("x"), b"code")
    assert list(folder.iterdir()) == []


def test_the_key_tells_versions_and_texts_apart(folder, monkeypatch):
    text = "define float @jitflow_test(float %x) {\n  ret float %x\n}\n"
    library._object(text, lambda: text)
    library._object(text, lambda: text)
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setattr(engine(), "version", "another")
    library._object(text, lambda: text)
    assert len(list(folder.iterdir())) == 2


def test_an_edit_of_any_source_is_another_key(tmp_path, monkeypatch):
    for room in ("ir/expand", "runtime"):
        (tmp_path / room).mkdir(parents=True)
    source = tmp_path / "ir" / "expand" / "exponential.py"
    source.write_text("x = 1\n")
    monkeypatch.setattr(disk, "__file__", str(tmp_path / "runtime" / "disk.py"))
    keys = [disk.sources.__wrapped__()]
    os.utime(source, ns=(1, 1))
    keys.append(disk.sources.__wrapped__())
    source.write_text("x = 12\n")
    keys.append(disk.sources.__wrapped__())
    (tmp_path / "ir" / "other.py").write_text("")
    keys.append(disk.sources.__wrapped__())
    assert len(set(keys)) == 4
    assert disk.sources.__wrapped__() == keys[-1]


def test_rows_of_others_are_known_by_their_text():
    def kind(expand):
        return Kind(SimpleNamespace(expand=expand), (), ())

    assert RowFunction(kind(ROWS["sin"].expand)).is_own
    assert not RowFunction(kind(lambda b, x: b.sin(x))).is_own
