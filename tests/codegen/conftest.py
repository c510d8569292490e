"""A fixture that compares machine code with the interpreter."""

import numpy as np
import pytest

from jitflow.ir.interpreter import interpret
from jitflow.runtime import compile_function


def same_bits(got, want):
    """Per element: equal bits, or both NaN."""
    if got.dtype.kind in "biu":
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
