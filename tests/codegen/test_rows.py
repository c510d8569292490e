"""Every elementwise row as machine code: scalars and vectors, all dtypes, special values."""

import ml_dtypes
import numpy as np
import pytest

from jitflow.codegen.module import TABLE
from jitflow.errors import DtypeError
from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import DTYPES, bool_
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import BufferType, TensorType, VectorType
from jitflow.passes.manager import run_pipeline
from jitflow.runtime import host_target
from tests.support.samples import accepted, plain_rows

REAL = [d for d in DTYPES.values() if d.kind != "c"]
CODED = [d for d in REAL if d.name not in ("f16", "bf16")]
LANES = (0, 3, 8)
SIZE = 3 * 8 * 4
ELEMENTWISE = sorted(
    row for row in TABLE
    if ROWS[row].family is Family.ELEMENTWISE and row not in ("convert", "bitcast", "lookup")
)
INTERESTING = [0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64, 127, 128, 255]
FLOATS = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, np.inf, -np.inf, np.nan, 127.9, 128.5, 255.5,
    -128.9, 32767.5, 2.0**31, 2.0**31 - 1, 2.0**32, 2.0**53, 2.0**63, 2.0**64, -(2.0**63), 3.5,
]


def samples(dtype, size, seed):
    """Numbers of which most are special; integers near the ends of their range."""
    random = np.random.default_rng(seed)
    if dtype.kind == "b":
        return random.integers(0, 2, size).astype(bool)
    if dtype.is_integer:
        limits = np.iinfo(dtype.numpy)
        low = np.array([k & limits.max for k in INTERESTING], dtype.numpy)
        special = np.concatenate([low, ~low])
        plain = random.integers(limits.min, limits.max, size, dtype.numpy, endpoint=True)
    else:
        limits = ml_dtypes.finfo(dtype.numpy)
        ends = [limits.max, limits.min, limits.tiny, limits.smallest_subnormal]
        values = [*FLOATS, *map(float, ends), -float(limits.smallest_subnormal)]
        with np.errstate(all="ignore"):
            special = np.array(values).astype(dtype.numpy)
        spread = np.exp(random.uniform(-20, 20, size))
        with np.errstate(all="ignore"):
            plain = (random.standard_normal(size) * spread).astype(dtype.numpy)
    return np.where(random.random(size) < 0.7, random.choice(special, size), plain)


def loop_over(row, dtypes, attrs, lanes):
    """A loop that applies a row to each element, or `lanes` at a time."""
    b = Builder()
    inputs = [b.param(BufferType(d, (SIZE,)), f"x{k}") for k, d in enumerate(dtypes)]
    types = tuple(VectorType(d, lanes) if lanes else TensorType(d) for d in dtypes)
    (result,) = row.infer(types, attrs, ())
    out = b.param(BufferType(result.dtype, (SIZE,)), "out")

    def body(b, i):
        values = tuple(b.load(x, i, lanes=lanes or None) for x in inputs)
        b.store(b.emit(row, values, attrs).result, out, i)

    b.loop(b.index(0), b.index(SIZE), body, step=lanes or 1)
    return b.build(row.name, (), {"outputs": 1})


def check_row(compare, name, dtypes, attrs=None, passes=()):
    """False where the row does not take these dtypes."""
    inputs = [samples(d, SIZE, k) for k, d in enumerate(dtypes)]
    for lanes in LANES:
        try:
            function = loop_over(ROWS[name], dtypes, attrs or {}, lanes)
        except DtypeError:
            return False
        compare(run_pipeline(passes, function), inputs)
    return True


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_row_gives_the_interpreters_bits(compare, name):
    arity = ROWS[name].arity
    taken = [
        check_row(compare, name, [bool_, d, d] if name == "select" else [d] * arity)
        for d in CODED
    ]
    assert any(taken)


@pytest.mark.parametrize("source", REAL, ids=str)
def test_conversion(compare, source):
    passes = [f"half_bits{{f16c={str(host_target().has_f16c).lower()}}}"]
    for target in REAL:
        assert check_row(compare, "convert", [source], {"dtype": target}, passes)


@pytest.mark.parametrize("source", REAL, ids=str)
def test_bitcast(compare, source):
    same_width = [d for d in REAL if d.bits == source.bits]
    assert all(check_row(compare, "bitcast", [source], {"dtype": target}) for target in same_width)


@pytest.mark.parametrize("row", ["shift_left", "shift_right"])
@pytest.mark.parametrize("amount", [-1, 0, 7, 8, 31, 32])
def test_shift_by_constant(compare, row, amount):
    for name in ("i8", "i32", "u32"):
        dtype = DTYPES[name]
        if amount < 0 and not dtype.is_signed:
            continue
        b = Builder()
        x, out = (b.param(BufferType(dtype, (16,)), n) for n in ("x", "out"))
        zero = b.index(0)
        value = b.load(x, zero, lanes=16)
        b.store(getattr(b, row)(value, b.full_like(value, amount)), out, zero)
        compare(b.build(row, (), {"outputs": 1}), [samples(dtype, 16, 0)])


def test_every_primitive_row_of_level_3_has_an_emitter():
    """Rows of complex numbers alone are gone before."""
    primitives = {
        name for name, row in ROWS.items()
        if row.family is Family.ELEMENTWISE and row.expand is None or row.family is Family.LOOP
    }
    complex_only = {row.name for row in plain_rows() if {d.kind for d in accepted(row)} == {"c"}}
    primitives -= complex_only
    assert not primitives - TABLE.keys()
