"""The text of a module: what it says, that it is the same every time, and what is refused."""

import re

import numpy as np
import pytest

from jitflow.codegen import emit_llvm
from jitflow.codegen.emitter import LONG_BLOCK
from jitflow.codegen.module import MANY_BUFFERS
from jitflow.codegen.outline import LONG_BODY
from jitflow.errors import NoCodeError, VerifyError
from jitflow.ir.builder import Builder
from jitflow.ir.dims import symbol
from jitflow.ir.dtypes import DTYPES, f32, i64
from jitflow.ir.location import Location
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType, TensorType
from jitflow.runtime import compile_function, host_target
from jitflow.runtime.compile import assembly, llvm_text


def scale(names=("x", "out"), dtype=f32, locations=()):
    """out = x * 2 + x over 64 elements, 8 at a time."""
    b = Builder(locations=locations)
    x, out = (b.param(BufferType(dtype, (64,)), name) for name in names)

    def body(b, i):
        value = b.load(x, i, lanes=8)
        b.store(b.add(b.mul(value, b.full_like(value, 2)), value), out, i)

    b.loop(b.index(0), b.index(64), body, step=8)
    return b.build("scale", (), {"outputs": 1})


def test_text_is_readable():
    text = emit_llvm(scale(), "scale")
    assert "fmul <8 x float> %load." in text
    assert "%x.1 = load ptr" in text
    assert "fast" not in text and "contract" not in text


def test_bodies_of_many_buffers_are_cut_into_blocks():
    """LLVM would take minutes where tens of thousands of pointers are loaded in one block."""
    b, count = Builder(), MANY_BUFFERS
    x = b.param(BufferType(f32, ()), "x")
    outs = [b.param(BufferType(f32, ()), "out") for _ in range(count)]
    for out in outs:
        b.store(b.load(x), out)
    function = b.build("copies", (), {"outputs": count})
    text = emit_llvm(function, "copies")
    blocks = re.split(r"^further", text, flags=re.MULTILINE)
    assert max(block.count("load ptr") for block in blocks) <= LONG_BLOCK
    found = compile_function(function)([np.array(3, np.float32)])
    assert found == [3.0] * count


def test_straight_code_is_cut_into_blocks():
    """LLVM compares the loads and stores of a block pair by pair."""
    b, count = Builder(), 3 * LONG_BLOCK
    x = b.param(BufferType(f32, (count,)), "x")
    out = b.param(BufferType(f32, (count,)), "out")
    places = [b.index(k) for k in range(count)]
    for place in places:
        b.store(b.neg(b.load(x, place)), out, place)
    function = b.build("negated", (), {"outputs": 1})
    blocks = re.split(r"^further", emit_llvm(function, "negated"), flags=re.MULTILINE)
    assert max(block.count(" = load float") for block in blocks) <= LONG_BLOCK
    data = np.arange(count, dtype=np.float32)
    assert (compile_function(function)([data])[0] == -data).all()


def test_equal_functions_give_equal_text_and_objects():
    first, second = compile_function(scale()), compile_function(scale())
    assert llvm_text(scale()) == llvm_text(scale())
    assert first.object_bytes == second.object_bytes


def test_names_are_hints_and_cannot_clash():
    names = [("arena", "arena"), ("entry", "failed"), ("é", "x y"), ("", "1"), ("sizes", "loop")]
    values = np.arange(64, dtype=np.float32)
    for pair in names:
        (out,) = compile_function(scale(pair))([values])
        assert np.array_equal(out, values * 3)


@pytest.mark.parametrize("name", ["c64", "c128"])
def test_dtypes_without_code_are_refused_by_name(name):
    function = scale(dtype=DTYPES[name], locations=(Location("model.py", 12),))
    with pytest.raises(NoCodeError, match=rf"model.py:12\nload: no code for {name} yet"):
        emit_llvm(function, "scale")


@pytest.mark.parametrize("name", ["f16", "bf16"])
def test_arithmetic_in_16_bits_is_refused(name):
    function = scale(dtype=DTYPES[name], locations=(Location("model.py", 12),))
    with pytest.raises(VerifyError, match=rf"model.py:12\nmul: computes on {name}<8>; run"):
        emit_llvm(function, "scale")


def test_conversions_without_an_instruction_are_refused():
    b = Builder()
    x = b.load(b.param(BufferType(DTYPES["bf16"], ()), "x"))
    b.store(b.convert(x, dtype=f32), b.param(BufferType(f32, ()), "out"))
    with pytest.raises(VerifyError, match=r"bf16\[\] to f32\[\]: run the pass half_bits"):
        emit_llvm(b.build("f", (), {"outputs": 1}), "f")


def test_symbolic_sizes_are_refused():
    b = Builder()
    b.param(BufferType(f32, (symbol("n"),)), "x")
    with pytest.raises(NoCodeError, match="only the call knows"):
        emit_llvm(b.build("f", (), {"outputs": 0}), "f")


def test_rows_above_level_3_are_refused():
    b = Builder()
    x = b.param(BufferType(f32, ()), "x")
    b.reshape(b.load(x), shape=(1,))
    with pytest.raises(VerifyError, match="reshape is above level 3"):
        emit_llvm(b.build("f", (), {"outputs": 0}), "f")


def test_rows_without_code_are_refused():
    b = Builder()
    b.print(b.token(), text="")
    with pytest.raises(NoCodeError, match="print: no code"):
        emit_llvm(b.build("f", (), {"outputs": 0}), "f")


def test_tensors_are_refused():
    b = Builder()
    b.param(TensorType(f32, (4,)), "x")
    with pytest.raises(VerifyError, match="level 3 takes buffers"):
        emit_llvm(b.build("f", (), {"outputs": 0}), "f")


def test_alloc_without_a_place_is_refused():
    b = Builder()
    b.alloc(type=BufferType(f32, (4,), None, "temp"))
    with pytest.raises(VerifyError, match="run the pass assign"):
        emit_llvm(b.build("f", (), {"outputs": 0}), "f")


@pytest.mark.parametrize("id", [0, -1, 1 << 31])
def test_check_ids_are_statuses(id):
    b = Builder()
    b.check(b.constant(True), id=id, message="no")
    with pytest.raises(VerifyError, match="a check's id is its status"):
        emit_llvm(b.build("f", (), {"outputs": 0}), "f")


def test_sums_of_products_are_not_contracted():
    """x * y rounds before z is added, also where the CPU could do both at once."""
    b = Builder()
    x, y, z, out = (b.param(BufferType(f32, (8,)), name) for name in ("x", "y", "z", "out"))
    first = b.index(0)
    product = b.mul(b.load(x, first, lanes=8), b.load(y, first, lanes=8))
    b.store(b.add(product, b.load(z, first, lanes=8)), out, first)
    arrays = [np.random.default_rng(k).standard_normal(8).astype(np.float32) for k in range(3)]
    (out,) = compile_function(b.build("f", (), {"outputs": 1}))(arrays)
    assert np.array_equal(out, arrays[0] * arrays[1] + arrays[2])


@pytest.mark.skipif(host_target().vector_bytes < 32, reason="counts instructions of AVX2")
def test_an_elementwise_loop_is_tight():
    """Per vector: a load, the arithmetic, a store, and at most three integer instructions."""
    lines = [line.split() for line in assembly(scale()).splitlines()]
    words = [line[0] for line in lines if line]
    branch = max(k for k, word in enumerate(words) if word in ("jl", "jne", "jb"))
    start = max(k for k in range(branch) if words[k].startswith(".LBB"))
    body = [w for w in words[start + 1 : branch + 1] if not w.startswith(".")]
    assert sum(not w.startswith(("v", "mov", "add", "mul")) or w == "addq" for w in body) <= 3
    assert len(body) <= 7


def test_large_constant_data():
    values = np.random.default_rng(0).standard_normal(200_000)
    b = Builder()
    at, out = b.param(BufferType(i64, (1,)), "at"), b.param(BufferType(DTYPES["f64"], (1,)), "out")
    zero = b.index(0)
    b.store(b.lookup(b.load(at, zero), values), out, zero)
    executable = compile_function(b.build("table", (), {"outputs": 1}))
    for k in (0, 12_345, 199_999):
        (found,) = executable([np.array([k])])
        assert found[0] == values[k]


def test_a_thousand_blocks_deep_in_sequence():
    b = Builder()
    x, out = (b.param(BufferType(i64, (1,)), name) for name in ("x", "out"))
    zero = b.index(0)
    value = b.load(x, zero)
    for k in range(1000):
        b.check(b.ge(value, b.index(-k)), id=k + 1, message=f"check {k}")
        value = b.add(value, b.index(1))
    b.store(value, out, zero)
    (result,) = compile_function(b.build("checks", (), {"outputs": 1}))([np.array([5])])
    assert result[0] == 1005


def test_a_long_body_takes_a_buffer_and_a_view_of_it_by_one_name():
    """Both are one pointer; a function has each parameter once."""
    b = Builder()
    x, out = (b.param(BufferType(f32, (8,)), name) for name in ("x", "out"))
    attrs = {"offset": 0, "type": BufferType(f32, (4,), (2,))}
    every_other = b.emit(ROWS["view"], (x,), attrs).result

    def body(b, i):
        total = b.add(b.load(x, i), b.load(every_other, i))
        for _ in range(LONG_BODY):
            total = b.neg(total)
        b.store(total, out, i)

    b.loop(b.index(0), b.index(4), body)
    run = compile_function(b.build("f", (), {"outputs": 1}))
    numbers = np.arange(8, dtype=np.float32)
    assert run([numbers])[0][:4].tolist() == [0, 3, 6, 9]
