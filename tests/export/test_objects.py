"""Exported functions as objects: linked to C programs here and elsewhere, with the same bits."""

import shutil
import subprocess

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow import export, random
from jitflow.errors import ArgumentError
from jitflow.export import ExportError, interface
from jitflow.export.header import C_TYPES
from jitflow.ir.dtypes import DTYPES
from jitflow.runtime.symbols import undefined_symbols
from tests.support import c_programs, wasm_programs

RNG = np.random.default_rng(0)
WEIGHTS, KERNEL = RNG.normal(size=(12, 5)).astype(np.float32), RNG.normal(size=5)
TARGETS = {
    "x86_64-linux-gnu": b"\x7fELF\x02\x01", "aarch64-linux-gnu": b"\x7fELF\x02\x01",
    "riscv64-linux-gnu": b"\x7fELF\x02\x01", "arm64-apple-macosx13": b"\xcf\xfa\xed\xfe",
    "x86_64-apple-macosx13": b"\xcf\xfa\xed\xfe", "wasm32-unknown-unknown": b"\0asm",
}  # fmt: skip
"""Triples, and how their objects begin."""

MEMORY = {"memcpy", "memset", "memmove"}


def normal(*shape, dtype=np.float32):
    return RNG.normal(size=shape).astype(dtype)


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def network(x):
    return softmax(np.tanh(x @ WEIGHTS))


def loss(w, x, y):
    return np.mean((np.tanh(x @ w) - y) ** 2)


def statistics(x):
    return x.mean(), x.std(axis=0), x.argmax(), x.min(axis=1), np.any(x > 2), np.cumsum(x, axis=0)


def scale(z, s):
    return np.exp(z) * s, np.abs(z), z.sum()


def integers(a, b):
    return a // b, a % b, a.astype(np.int8), (a > b).sum(), np.gcd(a, b)


def halves(h):
    return h * h + np.float16(1), h.sum(), np.exp(h), h.astype(np.float64)


def numbers(a, b, c, n, h):
    return a * b + n, np.logical_not(c), c & True, h + h


def drawn(key):
    return random.normal(key, (40,)), random.bits(key, (7,))


def views(x):
    return x.T.copy(), x[::-1, ::2], np.concatenate([x, 2 * x], axis=1), np.pad(x, 1)


def add_at(x, i, v):
    x = x.copy()
    x[i] += v
    return x[i], x


PROGRAMS = {
    "network": (network, normal(30, 12)),
    "statistics": (statistics, normal(21, 20)),
    "scale": (scale, normal(5, 6, dtype=np.complex128), np.complex128(1 + 2j)),
    "integers": (integers, RNG.integers(-99, 99, 50), RNG.integers(-5, 5, 50)),
    "halves": (halves, normal(77, dtype=np.float16)),
    "numbers": (numbers, np.float32(3), 2, True, np.int8(-3), np.float16(0.5)),
    "drawn": (drawn, random.key(3)),
    "views": (views, normal(6, 8)),
    "add_at": (add_at, normal(10), np.array([0, 5, -1]), np.float32(2)),
    "convolution": (lambda x: np.convolve(x, KERNEL, "same"), normal(40, dtype=np.float64)),
    "empty": (lambda x: (x.sum(), x * 2), np.zeros((0, 3))),
    "masked": (lambda m, x: np.where(m, x, -x), normal(50) > 0, normal(50)),
}
ELSEWHERE = ["network", "numbers", "add_at"]
PROGRAMS["gradient"] = (
    jf.value_and_grad(loss, argnums=(0, 1)), normal(4, 3), normal(9, 4), normal(9, 3)
)  # fmt: skip


def leaves(tree):
    found = []
    jf.map_tree(found.append, tree)
    return found


def require_equal(done, function, args):
    status, message, outputs = done
    assert (status, message) == (0, "")
    for found, wanted in zip(outputs, leaves(jf.jit(function)(*args)), strict=True):
        np.testing.assert_array_equal(found, np.asarray(wanted), strict=True)


@pytest.mark.skipif(not c_programs.can_run(""), reason="there is no C compiler")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_c_program_computes_the_same_bits(name, tmp_path):
    function, *args = PROGRAMS[name]
    built = export.build(tmp_path / name, function, *args)
    assert set(built.imports) <= MEMORY
    require_equal(c_programs.call_c(built, leaves(tuple(args))), function, args)


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize("target", TARGETS)
def test_other_machines_compute_the_same_bits(target, name, tmp_path):
    """Where there is a compiler and an emulator; objects are looked at everywhere."""
    function, *args = PROGRAMS[name]
    built = export.build(tmp_path / name, function, *args, target=target)
    image = built.object.read_bytes()
    assert image.startswith(TARGETS[target])
    assert undefined_symbols(image) - {"_GLOBAL_OFFSET_TABLE_"} == set(built.imports) <= MEMORY
    if target.startswith("wasm") and wasm_programs.can_run():
        require_equal(wasm_programs.call_wasm(built, leaves(tuple(args))), function, args)
    elif c_programs.can_run(target):
        require_equal(c_programs.call_c(built, leaves(tuple(args)), target), function, args)


@pytest.mark.skipif(not c_programs.can_run(""), reason="there is no C compiler")
@pytest.mark.parametrize("cpu", ["x86-64-v2", "x86-64-v3"])
def test_levels_of_x86_compute_the_same_bits(cpu, tmp_path):
    if jf.runtime.host_target().architecture != "x86_64":
        pytest.skip("this is another machine")
    if cpu == "x86-64-v3" and "+avx2" not in jf.runtime.host_target().features:
        pytest.skip("this machine has no AVX2")
    function, *args = PROGRAMS["network"]
    built = export.build(tmp_path / "f", function, *args, target="x86_64-linux-gnu", cpu=cpu)
    require_equal(c_programs.call_c(built, args, "x86_64-linux-gnu"), function, args)


@pytest.mark.skipif(not c_programs.can_run(""), reason="there is no C compiler")
def test_a_failed_check_is_a_status_with_its_message(tmp_path):
    built = export.build(tmp_path / "pick", lambda x, i: x[i], np.arange(3.0), 1)
    assert c_programs.call_c(built, [np.arange(3.0), 2])[2] == [2]
    status, message, _ = c_programs.call_c(built, [np.arange(3.0), 3])
    assert status == 1
    assert message.endswith("an index is out of bounds for axis 0 with size 3")
    assert f"{__file__}:" in message


@pytest.mark.skipif(not c_programs.can_run(""), reason="there is no C compiler")
def test_donated_arguments_are_overwritten(tmp_path):
    step = jf.jit(lambda x, y: (x * 2 + y, y.sum()), donate_argnums=0)
    built = export.build(tmp_path / "step", step, np.ones(9), np.ones(9))
    assert [p.over for p in built.parameters] == ["", "", "x", ""]
    assert "/* out[0]: f64[9]; may be x */" in built.header.read_text()
    (tmp_path / "main.c").write_text(
        '#include "step.h"\n'
        "int main(void) {\n"
        "    double x[9] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, sum;\n"
        "    const double y[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};\n"
        "    if (step(x, y, x, &sum, 0) != 0 || sum != 9) return 1;\n"
        "    for (int i = 0; i < 9; i++) if (x[i] != 2 * i + 1) return 2;\n"
        "    return 0;\n"
        "}\n"
    )
    program = [tmp_path / "main.c", built.object, "-o", tmp_path / "main"]
    subprocess.run(["cc", *program], check=True)
    subprocess.run([tmp_path / "main"], check=True)


@pytest.mark.parametrize(("compiler", "options"), [
    ("cc", ["-x", "c", "-std=c99"]), ("c++", ["-x", "c++", "-std=c++11"]),
])  # fmt: skip
def test_headers_are_plain_c(compiler, options, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(f"there is no {compiler}")

    def hard(int, x1, **kwargs):
        return {"a b": int[x1] + kwargs["*/"], "a/b": int, "while": [x1, kwargs["*/"]]}

    traced = jf.jit(hard).trace(np.ones(3), 1, **{"*/": 2.0})
    built = export.build(tmp_path / "hard", traced)
    names = [p.name for p in built.parameters]
    assert len(set(names)) == len(names)
    warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]
    subprocess.run([compiler, *options, *warnings, built.header], check=True)


def test_every_dtype_has_a_type_of_c():
    assert C_TYPES.keys() == DTYPES.keys()


def test_the_same_function_gives_the_same_bytes(tmp_path):
    function, *args = PROGRAMS["network"]
    for target in ("", "aarch64-linux-gnu"):
        one = export.build(tmp_path / "f", function, *args, target=target)
        before = one.object.read_bytes(), one.header.read_text()
        two = export.build(tmp_path / "f", function, *args, target=target)
        assert (two.object.read_bytes(), two.header.read_text()) == before


def test_objects_of_traces_files_and_what_was_loaded(tmp_path):
    def power(x, n):
        return x**n

    jitted = jf.jit(power, static_argnames="n")
    traced = jitted.trace(np.ones(3), n=3)
    images = {export.build(tmp_path / "p", traced).object.read_bytes()}
    export.save(tmp_path / "p.jfx", traced)
    images.add(export.build(tmp_path / "p", tmp_path / "p.jfx").object.read_bytes())
    images.add(export.build(tmp_path / "p", export.load(tmp_path / "p.jfx")).object.read_bytes())
    assert len(images) == 1
    with pytest.raises(ExportError, match="a trace has its arguments already"):
        export.build(tmp_path / "p", traced, 1)


@pytest.mark.parametrize(("function", "op"), [
    (lambda x: np.sort(np.tile(x, 99)), "sort"), (np.linalg.inv, "solve"), (np.fft.fft, "fft"),
])  # fmt: skip
def test_library_work_is_refused_with_its_line(function, op, tmp_path):
    with pytest.raises(ExportError, match=rf"test_objects.py:\d+: .*\n{op}.* runs in Python"):
        export.build(tmp_path / "f", lambda x: function(x), np.eye(3))
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_built(tmp_path, monkeypatch):
    x = np.ones(3)
    with pytest.raises(ArgumentError, match="no code for 'pdp11-dec-unix'; there is code for x86"):
        export.build(tmp_path / "f", jnp.sin, x, target="pdp11-dec-unix")
    with pytest.raises(ArgumentError, match="no object files for .*windows"):
        export.build(tmp_path / "f", jnp.sin, x, target="x86_64-pc-windows-msvc")
    with pytest.raises(ArgumentError, match="'i999' is not a recognized processor"):
        export.build(tmp_path / "f", jnp.sin, x, target="x86_64-linux-gnu", cpu="i999")
    with pytest.raises(ArgumentError, match=r"'\+magic' is not a recognized feature"):
        export.build(tmp_path / "f", jnp.sin, x, features="+magic")
    with pytest.raises(ArgumentError, match="'my-f' is no name of a C function"):
        export.build(tmp_path / "my-f", jnp.sin, x)
    with pytest.raises(ArgumentError, match="'double' is no name of a C function"):
        export.build(tmp_path / "double", jnp.sin, x)
    with pytest.raises(ArgumentError, match="'sinf' is a function of the C library"):
        export.build(tmp_path / "sinf", jnp.sin, x)
    with pytest.raises(ExportError, match=r"cannot write .*none/f.o: No such file"):
        export.build(tmp_path / "none" / "f", jnp.sin, x)
    with pytest.raises(ExportError, match="cannot export an int"):
        export.build(tmp_path / "f", 3)
    with pytest.raises(ExportError, match=r"x is f64\[n\]: an object is for arrays of known shape"):
        export.build(tmp_path / "f", lambda x: x + 1, jf.spec("f64[n]"))
    monkeypatch.setattr(interface, "MOST_DATA", 100)
    with pytest.raises(ExportError, match="arrays from outside have 240 bytes, an object takes"):
        export.build(tmp_path / "f", network, normal(30, 12))
