"""Text goes round: what is printed parses back to an equal function, bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jitflow.ir.builder import Builder
from jitflow.ir.core import MAX_DEPTH, Region, Value
from jitflow.ir.dense import Dense
from jitflow.ir.dims import dim_max, symbol
from jitflow.ir.dtypes import DTYPES, f16, f32, f64, i64
from jitflow.ir.location import Location
from jitflow.ir.parser import parse_function, parse_module, parse_type
from jitflow.ir.printer import format_function, format_op
from jitflow.ir.row import ROWS
from jitflow.ir.types import FLAG, TOKEN, BufferType, TensorType, VectorType
from jitflow.ir.verifier import verify

N, M = symbol("n"), symbol("m")


def goes_round(function):
    """The text of a function, after checking that it parses back to an equal one."""
    text = format_function(verify(function))
    assert parse_function(text) == function
    assert format_function(parse_function(text)) == text
    return text


def constant(value, dtype=None):
    b = Builder()
    return goes_round(b.build("f", [b.constant(value, dtype)]))


# Types.


@pytest.mark.parametrize(
    ("type", "text"),
    [
        (TensorType(f32), "f32[]"),
        (TensorType(f32, (0, 1, 32)), "f32[0, 1, 32]"),
        (TensorType(f64, (N, N - 1, 2 * N + M, N // 2)), "f64[n, n - 1, m + 2*n, floordiv(n, 2)]"),
        (TensorType(f64, (dim_max(N, M), N % 3)), "f64[max(m, n), mod(n, 3)]"),
        (VectorType(f16, 8), "f16<8>"),
        (VectorType(f32, 1024), "f32<1024>"),
        (BufferType(f32, (2, 3)), "&f32[2, 3]"),
        (BufferType(f32, (), None, "temp"), "&f32[] temp"),
        (BufferType(f32, (4, 2), (-1, 4), "const"), "&f32[4, 2 strides -1, 4] const"),
        (BufferType(f32, (N, 2), (1, N)), "&f32[n, 2 strides 1, n]"),
        (TOKEN, "token"),
    ],
)
def test_type(type, text):
    assert str(type) == text
    assert parse_type(text) == type
    assert parse_type(f" {text.replace(', ', ' ,  ').replace('[', ' [ ')} ; a comment") == type


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=str)
def test_dtype(dtype):
    assert parse_type(f"{dtype}[3]") == TensorType(dtype, (3,))


@pytest.mark.parametrize(
    "text", ["f32[n -1]", "f32[n- 1]", "f32[n-1]", "f32[-1 + n]", "f32[(n) - 1]", "f32[max(n-1,0)]"]
)
def test_spacing_of_dimensions_is_free(text):
    assert parse_type(text) == TensorType(f32, (N - 1,))


# Constants.

SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.5, 0.1, 1 / 3, 1e30, 1e-30, 65504.0]


@pytest.mark.parametrize("dtype", [d for d in DTYPES.values() if d.kind == "f"], ids=str)
def test_floats(dtype):
    info = np.finfo(np.float64) if dtype is f64 else None
    bits = {16: np.uint16, 32: np.uint32, 64: np.uint64}[dtype.bits]
    with np.errstate(over="ignore"):
        values = np.array(SPECIAL).astype(dtype.numpy)
    edges = np.array([1, 2, 3, 2**9 - 1], bits).view(dtype.numpy)  # subnormals
    text = constant(np.concatenate([values, edges, -edges]), dtype)
    assert "-0.0" in text and "nan" in text and "data" not in text
    if info is not None:
        assert repr(float(info.max)) in constant(info.max)


@pytest.mark.parametrize("dtype", [d for d in DTYPES.values() if d.is_integer], ids=str)
def test_integers(dtype):
    info = np.iinfo(dtype.numpy)
    assert str(info.min) in constant([info.min, 0, 1, info.max], dtype)


@pytest.mark.parametrize("value", [True, [True, False], [[True], [False]]])
def test_bools(value):
    assert "true" in constant(value)


@pytest.mark.parametrize("dtype", [d for d in DTYPES.values() if d.kind == "c"], ids=str)
def test_complex(dtype):
    text = constant(np.array([1 + 2j, complex(-0.0, np.nan), complex(np.inf, -0.1)]), dtype)
    assert "complex(1.0, 2.0)" in text and "complex(-0.0, nan)" in text


@pytest.mark.parametrize("bits", [0x7FC00000, 0xFFC00000, 0x7FC00001, 0x7F800001, 0xFFFFFFFF])
def test_nan_keeps_its_bits(bits):
    constant(np.array([bits], np.uint32).view(np.float32))
    constant(np.array(bits, np.uint32).view(np.float32)[()])


@pytest.mark.parametrize(
    "shape", [(), (0,), (0, 3), (3, 0), (2, 0, 3), (1,) * 30, (64,), (65,), (9, 9)]
)
@pytest.mark.parametrize("dtype", [f32, DTYPES["bf16"], DTYPES["bool"], DTYPES["c64"]], ids=str)
def test_shapes(shape, dtype):
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    constant(values.astype(dtype.numpy), dtype)


def test_long_data_is_base64():
    text = constant(np.arange(1000, dtype=np.float32))
    assert 'data "f32[1000] AAAA' in text


@given(st.integers(0, 2**64 - 1), st.sampled_from(list(DTYPES.values())))
def test_any_bits(bits, dtype):
    if dtype.kind == "b":
        bits &= 1
    raw = bits.to_bytes(8, "little") * 2
    constant(np.frombuffer(raw[: dtype.itemsize], dtype.numpy), dtype)


def test_splat_of_a_large_shape_is_one_number():
    b = Builder()
    text = goes_round(b.build("f", [b.constant(1.5, f32, shape=(1 << 40, N))]))
    assert "f32[1099511627776, n] = constant {value=1.5}" in text


# Names and strings.

NAMES = st.text(max_size=8) | st.sampled_from(["x", "x_1", "0", "inf", "nan", "func", "a b", "é"])


@given(NAMES, st.lists(NAMES, max_size=6), NAMES)
def test_any_names(name, hints, message):
    b = Builder()
    x = b.param(TensorType(f32, (2,)), "x")
    for hint in hints:
        x = b.neg(x)
        x.name = hint
    b.check(b.constant(True), id=1, message=message)
    parsed = parse_function(goes_round(b.build(name, [x], {"outputs": 1, "word": message})))
    assert parsed.name == name and parsed.attrs["word"] == message
    assert parsed.ops[-1].attrs["message"] == message


def test_names_are_hints():
    b = Builder()
    x = b.param(TensorType(f32), "x")
    y = b.neg(x)
    y.name = "x"
    z = b.neg(b.neg(y))
    z.name = "x_1"
    assert goes_round(b.build("f", [z])).count("%x_1: ") == 1


@pytest.mark.parametrize("attrs", [{}, {"outputs": 2}, {"a": "b", "c": (1, (2,)), "d": f32}])
def test_attributes_of_a_function(attrs):
    b = Builder()
    assert parse_function(goes_round(b.build("f", [], attrs))).attrs == attrs


# Structure.


def nested(depth):
    """Calls in calls."""
    x = Value(TensorType(f32), "x")
    region = Region([x], [], [x])
    for _ in range(depth):
        b = Builder()
        x = b.param(TensorType(f32))
        call = b.emit(ROWS["call"], (x,), {"name": "g"}, (region,))
        region = b.region(call.results)
    b = Builder(region.params)
    b.ops = list(region.ops)
    return b.build("f", region.results)


def test_regions_as_deep_as_allowed():
    goes_round(nested(MAX_DEPTH))


def test_no_results_and_no_ops():
    assert goes_round(Builder().build("f", [])) == "func @f() {\n  return\n}\n"


def test_a_value_many_times_and_a_parameter_returned():
    b = Builder()
    x = b.param(FLAG, "x")
    goes_round(b.build("f", [x, x, b.and_(x, x), x]))


def test_several_functions():
    text = "func @f() { return } ; one\nfunc @\"g h\"() { return }"
    assert [f.name for f in parse_module(text)] == ["f", "g h"]


def test_defaults_are_not_printed():
    b = Builder()
    buffer = b.param(BufferType(f32, (8,)), "b")
    assert format_op(b.load(buffer, b.index(0), lanes=4).op) == "%1: f32<4> = load %b, %0"


def test_locations_are_comments():
    b = Builder(locations=(Location("/home/user/model.py", 3), Location("util.py", 9)))
    function = b.build("f", [b.constant(1.0)])
    text = format_function(function, locations=True)
    assert "{value=1.0}  ; model.py:3, util.py:9\n" in text
    assert parse_function(text) == function


def test_lines_of_the_text_are_the_locations():
    text = "func @f() {\n\n  %0: f32[] = constant {value=1}\n return %0 }"
    function = parse_function(text, "a.jf")
    assert function.ops[0].locations == (Location("a.jf", 3),)


def test_long_text():
    b = Builder()
    x = y = b.param(TensorType(f32, (32, 10)))
    for _ in range(5000):
        y = b.mul(b.add(y, x), b.constant(2.0, f32, shape=(32, 10)))
    goes_round(b.build("f", [y]))


def test_equality_ignores_names_and_lines_only():
    text = "func @f(%x: f32[2]) { %y: f32[2] = neg %x return %y }"
    assert parse_function(text) == parse_function(text.replace("%y", "%z").replace("@f", "@g"))
    changes = [("neg", "abs"), ("f32", "f64"), ("return %y", "return %x"), (") {", ") {a=1} {")]
    for old, new in changes:
        assert parse_function(text) != parse_function(text.replace(old, new)), new


def test_dense_data_differs_by_sign_of_zero():
    assert Dense(0.0, f32) != Dense(-0.0, f32) and Dense(np.nan) == Dense(np.nan)
    assert Dense(1, i64) != Dense(1, f32)
