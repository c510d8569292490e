"""Code from disk computes what was asked for now: nothing that a function uses is stale."""

import os
import subprocess
import sys

import numpy as np
import pytest

import jitflow as jf
from jitflow.api import machinery, recent
from jitflow.errors import CheckError, LinalgError
from tests.support.kept_code import kept_in

X = np.linspace(1, 2, 12).reshape(3, 4)
SCALE, TABLE = 1.5, np.arange(4.0)


@pytest.fixture
def compiled(tmp_path, monkeypatch):
    """The names of the functions that are compiled from here on."""
    names = []

    def compile_function(function, **options):
        names.append(function.name)
        return original(function, **options)

    original = machinery.compile_function
    monkeypatch.setattr(machinery, "compile_function", compile_function)
    monkeypatch.setattr(recent, "_RECENT", {})
    with kept_in(tmp_path):
        yield names


def same(f, *args, **static):
    np.testing.assert_array_equal(jf.jit(f, **static)(*args), f(*args))


def test_an_equal_function_is_not_compiled_again(compiled):
    for _ in range(3):
        same(lambda x: (x * 2).sum(axis=0), X)
    assert len(compiled) == 1


def test_globals_helpers_closures_and_defaults_are_not_stale(compiled, monkeypatch):
    def twice(x):
        return x * 2

    helper = twice

    def f(x):
        return helper(x) * SCALE + TABLE

    same(f, X)
    monkeypatch.setitem(globals(), "SCALE", 2.5)
    same(f, X)

    helper = lambda x: x * 3  # noqa: E731
    same(f, X)
    assert len(compiled) == 3
    monkeypatch.setitem(globals(), "TABLE", np.ones(4))  # read at each call: the same code
    same(f, X)
    assert len(compiled) == 3
    for step in (1, 2):
        same(lambda x, by=step: x + by, X)
    assert len(compiled) == 5


def test_signatures_are_told_apart(compiled):
    def f(x, y):
        return x + y

    arrays = [X, X.astype(np.float32), X[:2], X.T.copy(), X.astype(int), X.reshape(12)]
    for x in arrays:
        same(f, x, x)
    same(f, X, 1.0)
    same(f, X, np.float32(1))
    same(f, X, 1)
    assert len(compiled) == len(arrays) + 3
    for x in arrays:
        same(f, x, x)
    same(f, X, 7.5)
    assert len(compiled) == len(arrays) + 3


def test_layouts_are_told_apart(compiled):
    big = np.arange(20000.0).reshape(100, 200)
    for x in (big, np.asfortranarray(big), np.asfortranarray(big), big):
        same(lambda x: x + 1, x)
    assert len(compiled) == 2


def test_static_arguments_are_told_apart(compiled):
    for n in (2, 3, 2):
        same(lambda x, n: x[:n], X, n, static_argnums=1)
    assert len(compiled) == 2


def test_gradients_come_from_disk_too(compiled):
    for _ in range(2):
        recent._RECENT.clear()
        np.testing.assert_allclose(jf.grad(lambda x: np.sin(x).sum())(X), np.cos(X))
    assert len(compiled) == 1


def test_donated_arguments_ask_no_pass_again(compiled, monkeypatch):
    def step(w, g):
        return w - g, w[::-1] * 2

    for _ in range(2):
        w, g = X.copy(), X.copy()
        f = jf.jit(step, donate_argnums=(0, 1))
        first, second = f(w, g)
        np.testing.assert_array_equal(first, X - X)
        np.testing.assert_array_equal(second, X[::-1] * 2)
        assert first is w and second is g
        monkeypatch.setattr(machinery, "lowered", None)
    assert len(compiled) == 1


def test_a_check_that_fails_says_so_at_its_line(compiled):
    def f(k):
        return np.arange(3) ** k

    errors = []
    for _ in range(2):
        with pytest.raises(CheckError) as raised:
            jf.jit(f)(-1)
        errors.append(str(raised.value))
    assert errors[0] == errors[1] and "test_kept_code.py" in errors[0]
    assert len(compiled) == 1


def test_library_work_that_fails_names_its_own_line(compiled):
    singular = np.zeros((2, 2))
    here = lambda a: np.linalg.inv(a)  # noqa: E731
    there = lambda a: np.linalg.inv(a)  # noqa: E731
    lines = []
    for f in (here, there, here):
        with pytest.raises(LinalgError) as raised:
            jf.jit(f)(singular)
        lines.append(str(raised.value).splitlines()[0])
    assert lines[0] == lines[2] != lines[1]
    assert len(compiled) == 2


def test_two_versions_share_a_folder(tmp_path):
    with kept_in(tmp_path, "one"):
        same(lambda x: x + 1, X)
    with kept_in(tmp_path, "another"):
        same(lambda x: x + 1, X)
    assert len(list((tmp_path / "code").iterdir())) >= 2


@pytest.mark.parametrize("damage", [lambda whole: whole[:-1], lambda _: b"", lambda _: b"?" * 9000])
def test_damage_is_one_warning_and_the_right_result(tmp_path, damage):
    with kept_in(tmp_path):
        same(lambda x: x + 1, X)
        for path in (tmp_path / "code").iterdir():
            path.write_bytes(damage(path.read_bytes()))
        with pytest.warns(RuntimeWarning, match="damaged") as caught:
            same(lambda x: x + 1, X)
        same(lambda x: x + 1, X)
    assert len(caught) == 1


PROGRAM = """
import sys
import numpy as np, jitflow as jf
import helper
f = jf.jit(lambda x: np.sin(x) + np.tanh(helper.scaled(x)))
x = np.linspace(-9, 9, 50, dtype=np.float32)
f(x)
loaded = [name in sys.modules for name in ("jitflow.passes.fuse", "jitflow.codegen", "llvmlite")]
print(*loaded, f(x).tobytes().hex())
"""


def test_another_process_finds_what_one_kept_until_a_helper_is_edited(tmp_path):
    def run(seed):
        found = subprocess.run(
            [sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True,
            check=True, env={**os.environ, "JITFLOW_CACHE_DIR": str(tmp_path / "cache"),
                             "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1",
                             "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        )  # fmt: skip
        return found.stdout.split()

    helper = tmp_path / "helper.py"
    helper.write_text("def scaled(x): return x * 2\n")
    first, second = run("1"), run("2")
    assert first[:3] == ["True", "True", "True"] and second[:2] == ["False", "False"]
    assert first[3] == second[3]
    if sys.platform == "linux" and os.uname().machine == "x86_64":
        assert second[2] == "False"  # elsewhere LLVM loads what was found
    helper.write_text("def scaled(x): return x * 3\n")
    third = run("3")
    assert third[:2] == ["True", "True"] and third[3] != first[3]
