"""Every function agrees with NumPy: dtypes and shapes for all dtypes that NumPy takes, and values.

Values are equal where every op of the graph is exact, and close where one is not. What NumPy
refuses is refused. The calls are those of tests/support/numpy_samples.py.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import JitflowError
from jitflow.ir.interpreter import interpret
from jitflow.trace import CURES, FUNCTIONS
from jitflow.trace.dispatch import fill_tables
from jitflow.trace.pytree import flatten
from tests.numpy.conftest import evaluate, numpy_result, staged
from tests.support.numpy_samples import (
    METHODS,
    SAMPLES,
    calls,
    function,
    is_binary,
    operands,
    smooth_operands,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # NumPy's, of the same numbers

fill_tables()
UFUNCS = sorted(
    {f.__name__ for f in FUNCTIONS if isinstance(f, np.ufunc) and hasattr(np, f.__name__)}
)
NAMES = [*SAMPLES, *METHODS, *UFUNCS]
DTYPES = [np.dtype(code) for code in "?bhilBHILefdFD"]
FLOAT = np.dtype(float)
SAME = [(dtype, dtype) for dtype in DTYPES]
ALL = [(first, second) for k, first in enumerate(DTYPES) for second in DTYPES[k:]]
MIXED = [tuple(map(np.dtype, pair)) for pair in "?b bB BI il lL Lb eh fi fd Ff lF d?".split()]
TOLERANCE = {"float16": 4e-3, "float32": 4e-6, "float64": 1e-12, "complex64": 4e-6}

REFUSED = {
    "F D": (
        "xp.histogram", "xp.poly(",
    ),
}  # fmt: skip
"""Calls that NumPy takes and jitflow refuses, by the first dtype: results
whose dtype depends on numbers, or whose order on imaginary parts. This list only shrinks."""


def refuses(call, first, second):
    chars = first.char + second.char
    return any(
        part in call and any(char in chars for char in kinds.split())
        for kinds, parts in REFUSED.items()
        for part in parts
    )


@pytest.mark.parametrize("name", NAMES)
def test_agrees(name):
    faults = []
    for place, call in enumerate(calls(name)):
        pairs = [*SAME, *MIXED] if is_binary(call) else SAME
        if is_binary(call) and place == 0:
            pairs = [*ALL, *MIXED]
        for pair in pairs:
            fault = compare(call, *pair)
            if fault:
                faults.append(f"{call} {pair[0]} {pair[1]}: {fault}")
    assert not faults, "\n".join(faults[:40])


def compare(call, first, second):
    """What is wrong with the traced call on operands of these dtypes, or ""."""
    arrays = operands(first, second)
    try:
        expected = numpy_result(function(call, np), *arrays.values())
    except (TypeError, ValueError, IndexError, OverflowError, ZeroDivisionError) as error:
        refused = type(error).__name__, str(error)[:80]
        expected = None
    try:
        graph = staged(function(call, jnp), *arrays.values())
        values = [np.asarray(x) for x in arrays.values()]
        results = interpret(graph.function, [*values, *graph.captured])
    except JitflowError as error:
        known = refuses(call, first, second)
        return "" if expected is None or known else f"raises {str(error)[:200]}"
    if expected is None:
        return f"NumPy refuses: {refused}"
    exact = not is_sum(call) and all(op.row.exact for op in graph.function.ops)
    return differences(results, expected, exact)


def is_sum(call):
    """Whether products are added in another order than NumPy's, which is not documented."""
    return any(part in call for part in ("convolve", "correlate", "polymul", "xp.poly("))


def differences(leaves, expected, exact):
    wanted = [np.asarray(x) for x in flatten(expected)[0]]
    if len(leaves) != len(wanted):
        return f"{len(leaves)} results, not {len(wanted)}"
    for x, y in zip(leaves, wanted, strict=True):
        if (x.dtype, x.shape) != (y.dtype, y.shape):
            return f"{x.dtype}{list(x.shape)}, not {y.dtype}{list(y.shape)}"
        tolerance = 0 if exact and x.dtype.kind != "c" else TOLERANCE.get(x.dtype.name, 1e-12)
        if not np.allclose(x, y, rtol=tolerance, atol=tolerance, equal_nan=True):
            return f"{x}, not {y}"
    return ""


@pytest.mark.parametrize("name", [name for name in NAMES if calls(name)])
def test_compiled(name):
    """As interpreted; dtypes take turns."""
    call = calls(name)[0]
    for pick in (0, 5):
        first = DTYPES[(crc32(name.encode()) + pick) % len(DTYPES)]
        arrays = operands(first, first)
        try:
            expected = evaluate(function(call, jnp), *arrays.values())
        except JitflowError:
            continue
        got = flatten(jf.jit(function(call, jnp))(*arrays.values()))[0]
        fault = differences(got, expected, exact=False)
        assert not fault, f"{call} {first}: {fault}"


WITHOUT_FLOATS = {
    "bitwise_and", "bitwise_count", "bitwise_or", "bitwise_xor", "gcd", "invert", "lcm", "ldexp",
    "left_shift", "right_shift",
}  # fmt: skip
STEPS = {"nextafter"}
"""Not differentiable: the difference of two neighbours in floating point is no derivative."""


@pytest.mark.parametrize(
    "name", [name for name in NAMES if calls(name) and name not in WITHOUT_FLOATS | STEPS]
)
def test_derivative(name):
    """Along a direction, against finite differences, at a point without ties."""
    call = calls(name)[0]
    point, direction = smooth_operands(1), smooth_operands(2)
    names = [key for key in point if point[key].dtype.kind == "f"]

    def total(*parts):
        result = function(call, jnp)(*{**point, **dict(zip(names, parts, strict=True))}.values())
        leaves = [x for x in flatten(result)[0] if not isinstance(x, (bool, int))]
        floats = [x for x in leaves if x.dtype.kind == "f"]
        return sum((jnp.sum(x * x) for x in floats), start=0.0 * parts[0][0, 0])

    at, along = [point[key] for key in names], [direction[key] for key in names]
    step = 1e-6
    high = jf.jit(total)(*(x + step * t for x, t in zip(at, along, strict=True)))
    low = jf.jit(total)(*(x - step * t for x, t in zip(at, along, strict=True)))
    _, tangent = jf.jvp(total, at, along)
    np.testing.assert_allclose(tangent, (high - low) / (2 * step), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in NAMES if calls(name)])
def test_batched(name):
    """vmap gives what the calls one by one give."""
    call = function(calls(name)[0], jnp)
    first, second = operands(FLOAT, FLOAT), operands(FLOAT, FLOAT)
    names = [key for key in first if key not in "fi"]
    second = {**second, **{key: second[key][::-1] for key in names}}

    def one(*parts):
        return call(*{**first, **dict(zip(names, parts, strict=True))}.values())

    try:
        each = [flatten(evaluate(one, *(o[key] for key in names)))[0] for o in (first, second)]
    except JitflowError:
        assert name in WITHOUT_FLOATS | {"packbits", "unpackbits"}
        return
    stacked = [np.stack([first[key], second[key]]) for key in names]
    got = flatten(evaluate(lambda *parts: jf.vmap(one)(*parts), *stacked))[0]
    for x, parts in zip(got, zip(*each, strict=True), strict=True):
        np.testing.assert_allclose(x, np.stack(parts), rtol=1e-12, atol=1e-12)


def test_every_attribute_of_arrays():
    """Each public name of np.ndarray works, or raises by its name with a cure."""
    x = np.ones((2, 3))
    for name in (n for n in dir(np.ndarray) if not n.startswith("_")):
        try:
            evaluate(lambda x, name=name: getattr(x, name) is None or x, x)
        except JitflowError as error:
            assert f".{name} " in str(error)
            assert name not in CURES or CURES[name] in str(error)
