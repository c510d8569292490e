"""Second derivatives of every row, by table: forward and reverse mode of each other agree.

The cases are those of test_derivatives, which holds reverse over reverse to differences.
"""

import numpy as np
import pytest

from jitflow.ir.core import Function, Region
from jitflow.ir.interpreter import interpret
from jitflow.ir.verifier import verify
from jitflow.passes.differentiate import gradient
from jitflow.passes.linearize import linearize
from tests.ops.test_derivatives import (
    CASES,
    EVERY_CASE,
    close,
    difference,
    direction,
    paired,
    scalar_of,
    single,
)


def tangent_of(function, wrt):
    """The last result of the linearized function alone."""
    pushed = linearize(function, wrt=wrt, of=(len(function.results) - 1,))
    return Function("tangent", Region(pushed.params, pushed.ops, pushed.results[-1:]))


def tangents_of(function, wrt):
    """The tangents of all results of the function."""
    pushed = linearize(function, wrt=wrt)
    kept = [pushed.results[i] for i in pushed.attrs["tangents"]]
    return Function("tangents", Region(pushed.params, pushed.ops, kept))


def along(function, arrays, directions):
    """The sum of what the function gives, paired with the directions."""
    found = interpret(verify(function), arrays)
    return sum(paired(g, d) for g, d in zip(found, directions, strict=True))


@EVERY_CASE
def test_forward_and_reverse_agree_to_second_order(case):
    _, arrays, *_ = CASES[case]
    function, inexact = single(case)
    scalar = scalar_of(function, 2)
    first, second = ([direction(arrays[i]) for i in inexact] for _ in range(2))
    pushed = tangent_of(scalar, inexact)
    pulled = gradient(scalar, wrt=inexact, values=False)
    (forward_forward,) = interpret(
        verify(tangent_of(pushed, inexact)), [*arrays, *first, *second]
    )
    reverse_over_forward = along(
        gradient(pushed, wrt=inexact, values=False), [*arrays, *first], second
    )
    forward_over_reverse = along(tangents_of(pulled, inexact), [*arrays, *first], second)
    steps = difference(pulled, arrays, inexact, first)
    differences = sum(paired(g, d) for g, d in zip(steps, second, strict=True))
    close(forward_forward, differences, 2e-6)
    close(reverse_over_forward, forward_forward, 1e-9)
    close(forward_over_reverse, forward_forward, 1e-9)


@pytest.mark.parametrize("name", ["exp", "sin", "mul", "pow", "div"])
def test_third_derivatives(name):
    """Forward mode three times against differences of the second one."""
    case = next(i for i, (found, *_) in enumerate(CASES) if found == name)
    _, arrays, *_ = CASES[case]
    function, inexact = single(case)
    directions = [direction(arrays[i]) for i in inexact]
    twice = tangent_of(tangent_of(scalar_of(function, 2), inexact), inexact)
    inputs = [*arrays, *directions, *directions]
    (third,) = interpret(verify(tangent_of(twice, inexact)), [*inputs, *directions])
    (wanted,) = difference(twice, inputs, inexact, directions)
    assert np.isfinite(third)
    close(third, wanted, 1e-5)
