"""The registry of kernels tells the truth: each compiles, runs, and gives what its row says."""

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import ArgumentError, DeviceError, DtypeError
from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import DTYPES
from jitflow.ir.examples import dtypes_of, example
from jitflow.ir.interpreter import interpret
from jitflow.ir.row import ROWS
from jitflow.runtime.kernels import CONTROL
from tests.support.native import HERE, compiled

TRIED = ("bool", "i8", "i64", "u32", "f16", "bf16", "f32", "f64", "c64")
"""One dtype or two of each kind: what code there is for one, there is for the others."""

COMPUTING = [row for row in ROWS.values() if row.family not in CONTROL]


def numbers(type):
    """Small numbers that every op takes; a matrix of them can be factored."""
    array = np.full(type.shape, 1, type.dtype.numpy)
    if type.dtype.is_inexact and len(type.shape) == 2:
        array += np.eye(*type.shape).astype(array.dtype)
    elif type.dtype.is_inexact:
        array /= array.dtype.type(2)
    return array


def together(row):
    """One function with the row on each dtype that it takes, side by side."""
    b = Builder(locations=HERE)
    results = []
    for dtype in (dtype for dtype in dtypes_of(row) if dtype.name in TRIED):
        one = example(row, dtype)
        params = dict(zip(one.params, (b.param(p.type) for p in one.params), strict=True))
        (op,) = one.ops
        results += b.emit(row, tuple(params[x] for x in op.operands), dict(op.attrs)).results
    return b.build(row.name, results)


@pytest.mark.parametrize("row", COMPUTING, ids=lambda row: row.name)
def test_every_kernel_runs(row):
    kernels = jf.kernels(row.name, "cpu:0")
    assert kernels and all(kernel.code for kernel in kernels)
    assert [kernel.dtype for kernel in kernels] == [dtype.name for dtype in dtypes_of(row)]
    function = together(row)
    inputs = [numbers(param.type) for param in function.params]
    with np.errstate(all="ignore"):
        expected = interpret(function, inputs)
    for found, wanted in zip(compiled(function)(inputs), expected, strict=True):
        assert found.dtype == wanted.dtype and found.shape == wanted.shape
        if wanted.dtype.kind == "V":
            found, wanted = found.astype(np.float32), wanted.astype(np.float32)
        digits = {2: 1e-2, 4: 1e-5}.get(np.finfo(wanted.dtype).dtype.itemsize, 1e-12) if (
            wanted.dtype.kind in "fc"
        ) else 0
        np.testing.assert_allclose(found, wanted, rtol=digits, atol=digits)


def test_the_registry_is_a_view_of_the_rows():
    keys = [kernel[:3] for kernel in jf.kernels()]
    assert len(keys) == len(set(keys)) > 1000
    assert {op for op, *_ in keys} == {row.name for row in COMPUTING}
    assert {device for _, device, _ in keys} == {device.name for device in jf.devices()}
    assert {dtype for *_, dtype in keys} == set(DTYPES)


def test_kernels_by_key():
    assert jf.kernels("exp", "cpu", "f32") == (
        jf.Kernel("exp", "cpu:0", "f32", "inline, or a call where rare"),
    )
    assert jf.kernels("exp", dtype=np.float16)[0].code.endswith(", in f32")
    assert jf.kernels("exp", dtype="c64")[0].code.endswith(", by parts")
    assert jf.kernels("sort", dtype="c64")[0].code == "library call"
    assert jf.kernels("exp", dtype="i32") == () == jf.kernels("loop")


def test_keys_that_are_not_there():
    with pytest.raises(ArgumentError, match="no op 'expp'; did you mean 'exp'"):
        jf.kernels("expp")
    with pytest.raises(DeviceError, match="there is: cpu:0"):
        jf.kernels("exp", "gpu:0")
    with pytest.raises(DtypeError):
        jf.kernels("exp", dtype="f7")
