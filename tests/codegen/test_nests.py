"""Equal loop nests of a body share one function."""

from dataclasses import replace

import numpy as np
import pytest

import jitflow as jf
from jitflow.runtime import tiers


def code(function, *args):
    """LLVM text, after the results were compared with NumPy's."""
    jitted = jf.jit(function)
    np.testing.assert_allclose(jitted(*args), function(*args), rtol=1e-12)
    return jitted.lower(*args).as_text("llvm")


def layers(x, *weights):
    for w in weights:
        x = np.tanh(x @ w)
    return x


def random(*shape):
    return np.random.default_rng(0).random(shape)


def test_equal_layers_are_one_function():
    text = code(layers, random(8, 12), *random(6, 12, 12))
    assert text.count("define internal void") == 2  # a product and a tanh
    assert text.count("call void @jitflow_layers.nest") == 12


def test_a_single_nest_stays_where_it_is():
    assert "@jitflow_layers.nest" not in code(layers, random(8, 12), random(12, 5))


def test_other_constants_are_other_functions():
    def steps(u):
        for k in range(4):
            u = u + 0.1 * (1 + k % 2) * (np.roll(u, 1) - u)
        return u

    text = code(steps, random(40))
    definitions = text.count("define internal void")
    assert 1 < definitions < text.count("call void @jitflow_steps.nest")


def test_other_strides_are_other_functions():
    text = code(lambda x: (np.cumsum(x, axis=0), np.cumsum(x, axis=1)), random(7, 7))
    assert text.count("define internal void") == text.count("call void @jitflow__lambda_.nest")


@pytest.mark.parametrize("steps", [5, 6])
def test_buffers_that_change_roles(steps):
    def heat(u):
        for _ in range(steps):
            u = u + 0.1 * (np.roll(u, 1) + np.roll(u, -1) - 2 * u)
        return u

    assert "define internal void" in code(heat, random(40))


def test_loops_in_chunks_share_too():
    weights = random(3, 300, 300) / 150
    text = code(layers, random(400, 300), *weights)
    assert text.count("define internal void @jitflow_layers.chunk") == 2
    assert text.count("call void @jitflow_layers.nest") == 6


def test_a_long_body_has_its_own_memory_for_indices():
    x, index = random(50), np.random.default_rng(1).integers(0, 50, 40)

    def long(x, index):
        total = 0 * index
        for k in range(1, 40):
            total = total * 1.01 + np.take(x, index + k, mode="wrap") / k
        return total

    text = code(long, x, index)
    body = text[text.index("define internal void @jitflow_long.body") :]
    assert " = alloca <" in body[: body.index("\n}")]


def test_vectors_beside_calls(monkeypatch):
    """LLVM cannot widen vectors in functions that it does not optimise."""
    monkeypatch.setattr(tiers, "settings", replace(tiers.settings, baseline=False))

    def joined(x, y, z):
        d = x - y
        return np.concatenate([z, z[::2], y[::2], y[::2], d, d]).T

    code(joined, *random(3, 7, 1).astype(np.float16))
