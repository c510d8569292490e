"""`; run:` lines of loop-level text run as machine code too, and fixtures to compare the two."""

import numpy as np
import pytest

from jitflow.codegen.module import TABLE
from jitflow.ir.core import walk
from jitflow.ir.interpreter import interpret
from jitflow.ir.types import BufferType
from jitflow.runtime import compile_function
from jitflow.testing import EVALUATORS


def run_compiled(function, arrays):
    """Results of a loop-level function as machine code; of others, the interpreter's."""
    if not is_code(function):
        return interpret(function, arrays)
    inputs = len(arrays) - function.attrs["outputs"]
    results = compile_function(function)(arrays[:inputs])
    for array, result in zip(arrays[inputs:], results, strict=True):
        array[...] = result
    return ()


def is_code(function):
    if "outputs" not in function.attrs:
        return False
    buffers = all(isinstance(p.type, BufferType) for p in function.params)
    return buffers and all(
        op.row.name in TABLE and op.attrs.get("offset", 0) >= 0 for op in walk(function.body)
    )


EVALUATORS["compiled"] = run_compiled


def same_bits(got, want):
    """Per element: equal bits, or both NaN."""
    if got.dtype.kind != "f":
        return got == want
    bits = f"u{got.itemsize}"
    return (got.view(bits) == want.view(bits)) | (np.isnan(got) & np.isnan(want))


@pytest.fixture
def compare():
    """compare(function, inputs): machine code and interpreter give the same bits."""

    def check(function, inputs):
        outputs = compile_function(function)(inputs)
        expected = [np.zeros_like(x) for x in outputs]
        interpret(function, [*inputs, *expected])
        for got, want in zip(outputs, expected, strict=True):
            wrong = np.flatnonzero(~same_bits(got, want))[:4]
            shown = [x.ravel()[wrong] for x in inputs if x.size == got.size]
            assert not wrong.size, (
                f"{function.name} of {shown}: {got.ravel()[wrong]}, not {want.ravel()[wrong]}"
            )
        return outputs

    return check
