"""Halos change no bit, nor how what comes of rolls is added up."""

import numpy as np
import pytest

import jitflow as jf
from jitflow.ir.parser import parse_function
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import loops_for
from jitflow.runtime import compile_function
from tests.support.programs import assert_same_bits


def heat(u):
    near = np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1)
    return u + 3 * (near - 4 * u)


def corners(u):
    """Rolls of rolls, by several steps, of which one pair goes the same way."""
    return np.roll(u, (1, 2), (0, 1)) * np.roll(u, (1, -1), (0, 1)) - np.roll(u, -3, 0)


def energies(u):
    """What is summed comes of rolls, along every axis and over all."""
    bond = u * (np.roll(u, 1, 1) + np.roll(u, -1, 1))
    return bond.sum(), bond.sum(0), bond.sum(1), (np.roll(u, 1, 0) - np.roll(u, -1, 0)).max(1)


def other_uses(u):
    """Rolls that are results, or operands of products, keep memory of their own."""
    a, b = np.roll(u, 1, 1), np.roll(u, -1, 1)
    return a, b @ b.T, np.roll(u, 2, 1) + np.roll(u, -2, 1)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
@pytest.mark.parametrize("shape", [(70, 90), (64, 64)])
@pytest.mark.parametrize("program", [heat, corners, energies, other_uses])
def test_the_bits_without(program, shape, dtype):
    u = (np.random.default_rng(0).standard_normal(shape) * 50).astype(dtype)
    function = parse_function(jf.jit(program).lower(u).as_text("opt"))
    full = loops_for(32, 16)
    loops = [
        run_pipeline(passes, function, verify_each=True)
        for passes in (full, [step for step in full if step != "halos"])
    ]
    assert run_pipeline(("halos",), function) is not function
    with_halos, without = (compile_function(each)([u]) for each in loops)
    assert_same_bits(with_halos, without)
    for found, expected in zip(with_halos, _tuple(program(u)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def _tuple(result):
    return result if isinstance(result, tuple) else (result,)
