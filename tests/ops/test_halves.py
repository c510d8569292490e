"""Rows on f16 and bf16, all of the table: compiled code gives what f32 gives, rounded once.

Whether a conversion is an instruction or arithmetic on bits changes nothing.
"""

import itertools

import ml_dtypes
import numpy as np
import pytest

from jitflow.errors import DtypeError
from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import DTYPES, bool_
from jitflow.ir.interpreter import interpret
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import TensorType
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import loops_for
from jitflow.runtime import compile_function, host_target
from tests.codegen.test_rows import samples
from tests.support.native import HERE, by_own_kernel
from tests.support.programs import assert_same_bits
from tests.support.samples import accepted, plain_rows

HALVES = [DTYPES["f16"], DTYPES["bf16"]]
F32 = DTYPES["f32"]
EACH = pytest.mark.parametrize("dtype", HALVES, ids=str)
PATTERNS = np.arange(1 << 16, dtype=np.uint16)


def run_both(function, arrays):
    """Results with f16's conversions as instructions, where there are any, and as bits."""
    results = []
    for f16c in {False, host_target().has_f16c}:
        loops = run_pipeline(loops_for(32, 16, f16c), function, verify_each=True)
        results.append(compile_function(loops)(arrays))
    assert_same_bits(results[0], results[-1])
    return results[0]


def single(row, types, attrs):
    b = Builder(locations=HERE)
    params = [b.param(t) for t in types]
    return b.build(row.name, b.emit(row, tuple(params), attrs).results)


def check(row, types, arrays, attrs=None):
    """False where the row does not take these dtypes."""
    try:
        function = single(row, types, attrs or {})
    except DtypeError:
        return False
    evaluate = None if row.exact else in_f32_by_own_kernel
    assert_same_bits(run_both(function, arrays), interpret(function, arrays, evaluate))
    return True


def in_f32_by_own_kernel(op, arrays):
    """The row's compiled f32 kernel, and one rounding."""
    types = [v.type.with_dtype(F32) for v in op.operands]
    (wide,) = single(op.row, types, dict(op.attrs)).ops
    result = by_own_kernel(wide, [a.astype(np.float32) for a in arrays])
    return round_to(result, op.result.type.dtype)


def round_to(array, dtype):
    with np.errstate(all="ignore"):
        return array.astype(dtype.numpy)


@EACH
@pytest.mark.parametrize("row", plain_rows(), ids=lambda row: row.name)
def test_elementwise(row, dtype):
    arrays = [samples(dtype, 96, k) for k in range(row.arity)]
    taken = check(row, [TensorType(dtype, (96,))] * row.arity, arrays)
    wanted = row.name != "fma" and F32.name in [d.name for d in accepted(row)]
    assert taken == wanted


@EACH
def test_select(dtype):
    types = [TensorType(d, (96,)) for d in (bool_, dtype, dtype)]
    assert check(ROWS["select"], types, [samples(t.dtype, 96, k) for k, t in enumerate(types)])


@EACH
@pytest.mark.parametrize("row", [r for r in ROWS.values() if r.family is Family.REDUCE], ids=str)
@pytest.mark.parametrize("shape", [(5,), (3, 200), (40, 7)], ids=str)
def test_reductions(row, dtype, shape):
    x = samples(dtype, int(np.prod(shape)), 3).reshape(shape)
    for axis in range(len(shape)):
        attrs = {"axis": axis} if "axis" in row.attributes else {"axes": (axis,)}
        check(row, [TensorType(dtype, shape)], [x], attrs)


SIZES = [(1, 5, 1), (3, 40, 2), (9, 17, 20), (1, 600, 70), (70, 600, 1)]


@EACH
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_products(dtype, shape):
    rows, depth, columns = shape
    types = TensorType(dtype, (rows, depth)), TensorType(dtype, (depth, columns))
    rng = np.random.default_rng(0)
    arrays = [round_to(rng.normal(size=t.shape), dtype) for t in types]
    attrs = {"contract": ((1,), (0,)), "batch": ((), ())}
    assert check(ROWS["dot_general"], types, arrays, attrs)


@EACH
def test_every_number_reads_and_rounds(dtype):
    """All 2**16 bit patterns to f32; f32 around each, and around what lies half way, back."""
    halves = PATTERNS.view(dtype.numpy)
    wide = halves.astype(np.float32)
    near = wide.view(np.uint32)[:, None] + np.uint32([0, 1, -1 & 0xFFFFFFFF, *ROUNDING[dtype.name]])
    near = near.ravel().view(np.float32)
    for source, array, target in ((dtype, halves, F32), (F32, near, dtype)):
        types = [TensorType(source, array.shape)]
        assert check(ROWS["convert"], types, [array], {"dtype": target})


ROUNDING = {"f16": (0xFFF, 0x1000, 0x1001), "bf16": (0x7FFF, 0x8000, 0x8001)}


@EACH
@pytest.mark.parametrize("name", ["f64", "i32", "u32", "i64", "u64"])
def test_wider_numbers_round_once(dtype, name):
    """Numbers that a rounding to f32 first would bring to the middle of two."""
    source = DTYPES[name]
    digits = 8 if dtype.name == "bf16" else 11
    found = []
    for scale, sign, offset in itertools.product(range(9, 63), (1, -1), (-1, 0, 1)):
        middle = (3 << digits | 1) << max(scale - digits - 2, 0)
        found.append(sign * (middle + offset))
    if source.is_integer:
        limits = np.iinfo(source.numpy)
        found = [n for n in found if limits.min <= n <= limits.max]
        exact = np.array(found, source.numpy)
    else:
        exact = np.array([n * 2.0**-k for n in found for k in (0, 24, 40, 140)])
    (result,) = run_both(
        single(ROWS["convert"], [TensorType(source, exact.shape)], {"dtype": dtype}), [exact]
    )
    nearest = [nearest_half(x, dtype) for x in exact.tolist()]
    assert_same_bits([result], [np.array(nearest).astype(dtype.numpy)])


def nearest_half(x, dtype):
    """x rounded to nearest, ties to even, by exact integers; as a float."""
    info = ml_dtypes.finfo(dtype.numpy)
    top, bottom = float(x).as_integer_ratio() if isinstance(x, float) else (x, 1)
    size = abs(top)
    exponent = size.bit_length() - bottom.bit_length()
    if size and (size << max(-exponent, 0)) < (bottom << max(exponent, 0)):
        exponent -= 1
    unit = max(exponent, int(info.minexp)) - int(info.nmant)
    top, bottom = size << max(-unit, 0), bottom << max(unit, 0)
    count, rest = divmod(top, bottom)
    count += 2 * rest > bottom or (2 * rest == bottom and count % 2)
    value = count * 2.0**unit
    value = value if value <= float(info.max) else np.inf
    return -value if x < 0 else value
