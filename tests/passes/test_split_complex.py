"""Complex programs: what they compute on parts, compiled, is what they say on complex numbers."""

import numpy as np
import pytest
from hypothesis import given, settings

from jitflow.errors import DtypeError, ShapeError
from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import bool_, c64, c128, f32, f64, part_of
from jitflow.ir.interpreter import interpret
from jitflow.ir.parser import parse_function
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import TensorType
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import TENSOR
from tests.support.native import HERE, call, reference
from tests.support.programs import assert_same_bits, programs

MANY = settings(max_examples=60)
DTYPES = (c64, c128, f32, bool_)
MOVES = (
    "add", "sub", "neg", "conj", "select", "eq", "ne", "constant", "broadcast", "reshape",
    "transpose", "reverse", "slice", "pad", "concatenate",
)  # fmt: skip


@MANY
@given(program=programs(dtypes=DTYPES, rows=MOVES))
def test_the_pass_keeps_the_bits_of_exact_rows(program):
    after = run_pipeline("split_complex", program.function, verify_each=True)
    assert_same_bits(program.results(after), program.results())


@MANY
@given(program=programs(dtypes=DTYPES, structured=False))
def test_compiled_equals_interpreted(program):
    """Approximate rows, complex products among them, are those of their own kernels."""
    expected = reference(program.function, program.arguments)
    assert_same_bits(call(program.function, program.arguments, verify_each=True), expected)
    simplified = run_pipeline(TENSOR, program.function, verify_each=True)
    assert_same_bits(call(simplified, program.arguments), expected)


def of_two(dtype, row, **attrs):
    b = Builder(locations=HERE)
    params = [b.param(TensorType(dtype, (6, 4))) for _ in range(row.arity)]
    return b.build(row.name, [b.emit(row, tuple(params), attrs).result])


def plain(dtype, seed):
    random = np.random.default_rng(seed)
    parts = random.normal(size=(2, 6, 4))
    return (parts[0] + 1j * parts[1]).astype(dtype.numpy)


@pytest.mark.parametrize("dtype", [c64, c128], ids=str)
@pytest.mark.parametrize(
    "row",
    [r for r in ROWS.values() if r.family is Family.ELEMENTWISE and not r.attributes],
    ids=lambda row: row.name,
)
def test_elementwise_rows_agree_with_numpy(row, dtype):
    """Near plain numbers, to a few units in the last place of the modulus."""
    try:
        function = of_two(dtype, row)
    except DtypeError:
        return
    arrays = [plain(dtype, seed) for seed in range(row.arity)]
    (found,), (wanted,) = call(function, arrays), interpret(function, arrays)
    assert found.dtype == wanted.dtype
    unit = np.finfo(part_of(dtype).numpy).eps * (abs(wanted) if wanted.dtype != bool else 0)
    assert np.all(abs(found ^ wanted if found.dtype == bool else found - wanted) <= 20 * unit)


@pytest.mark.parametrize("dtype", [c64, c128], ids=str)
@pytest.mark.parametrize("shape", [(0,), (1,), (5,), (3, 4)], ids=str)
def test_reductions(dtype, shape):
    array = np.exp(1j * np.arange(np.prod(shape, dtype=int)).reshape(shape)).astype(dtype.numpy)
    axes = tuple(range(len(shape)))
    for name in ("reduce_sum", "reduce_prod"):
        b = Builder(locations=HERE)
        x = b.param(TensorType(dtype, shape))
        function = b.build(name, [b.emit(ROWS[name], (x,), {"axes": axes}).result])
        (found,) = call(function, [array])
        np.testing.assert_allclose(found, interpret(function, [array])[0], rtol=1e-5, atol=1e-6)


def test_a_product_of_unknown_size_is_refused_at_its_line():
    text = "func @f(%x: c64[n]) {\n  %0: c64[] = reduce_prod %x {axes=[0]}\n  return %0\n}\n"
    with pytest.raises(ShapeError, match=r"f\.jf:2(.|\n)*reduce_prod: a product of n factors"):
        run_pipeline("split_complex", parse_function(text, "f.jf"))


def test_parts_of_arguments_are_read_where_they_are():
    """No copy goes before: a real part is every other float of the argument."""
    b = Builder(locations=HERE)
    x = b.param(TensorType(c64, (8,)), "x")
    function = b.build("f", [b.add(b.real(x), b.imag(x))])
    loops = run_pipeline("flatten,fuse,lower", function)
    assert [op.name for op in loops.ops].count("loop") == 1
    assert not any(op.name == "alloc" for op in loops.ops)


def test_parts_of_results_are_written_where_they_belong():
    b = Builder(locations=HERE)
    x, y = (b.param(TensorType(f64, (8,)), name) for name in "xy")
    function = b.build("f", [b.complex(b.mul(x, y), b.add(x, y))])
    loops = run_pipeline("flatten,fuse,lower", function)
    assert [op.name for op in loops.ops].count("loop") == 1
    assert not any(op.name == "alloc" for op in loops.ops)
