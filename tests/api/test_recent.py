"""Transforms are traced at each call, compiled once: what shares code, and what does not."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.api import machinery, recent
from jitflow.errors import CheckError

X = np.arange(1.0, 4.0)


@pytest.fixture
def compiled(monkeypatch):
    """The names of the functions that are compiled from here on."""
    names = []

    def compile_function(function, **options):
        names.append(function.name)
        return original(function, **options)

    original = machinery.compile_function
    monkeypatch.setattr(machinery, "compile_function", compile_function)
    monkeypatch.setattr(recent, "_RECENT", {})
    return names


def test_equal_transforms_share_code(compiled):
    for scale in (1.0, 2.0, 1.0, 2.0):
        f = lambda x: (jnp.sin(x) * scale).sum()  # noqa: B023, E731
        np.testing.assert_allclose(jf.grad(f)(X), scale * np.cos(X))
        np.testing.assert_allclose(jf.hvp(f, (X,), (X,)), -scale * np.sin(X) * X)
    assert len(compiled) == 4


def test_other_shapes_dtypes_constants_and_captured_arrays_do_not(compiled):
    f = jnp.sum
    for x in (X, X[:2], X.astype(np.float32), X.reshape(3, 1)):
        assert jf.grad(f)(x).shape == x.shape
    assert len(compiled) == 4
    for outside in (X, X + 1):
        dot = lambda x: (x * outside).sum()  # noqa: B023, E731
        np.testing.assert_array_equal(jf.grad(dot)(X), outside)
    assert len(compiled) == 5


def test_a_jitted_function_keeps_its_own(compiled):
    for _ in range(2):
        jf.jit(lambda x: x + 1)(X)
    assert len(compiled) == 2


def test_objects_of_equal_graphs_share_code(compiled):
    class Scaled:
        def __init__(self, weights, power):
            self.weights, self.power = weights, power

        @jf.jit
        def apply(self, x):
            return (jnp.sin(x) * self.weights) ** self.power

    for k in range(5):
        made = Scaled(X + k, 2)
        np.testing.assert_allclose(made.apply(X), (np.sin(X) * (X + k)) ** 2)
    assert len(compiled) == 2  # nothing is kept of the first: most methods have one object
    np.testing.assert_allclose(Scaled(X, 3).apply(X), (np.sin(X) * X) ** 3)
    assert len(compiled) == 3


def test_a_check_names_its_own_line(compiled):
    here = lambda n: jf.vmap(lambda k: np.arange(3) ** k)(n)  # noqa: E731
    there = lambda n: jf.vmap(lambda k: np.arange(3) ** k)(n)  # noqa: E731
    lines = set()
    for f in (here, there):
        with pytest.raises(CheckError) as caught:
            f(np.array([-1]))
        lines.add(str(caught.value).splitlines()[0])
    assert len(lines) == 2


def test_only_so_many_are_kept(compiled, monkeypatch):
    monkeypatch.setattr(recent, "LIMIT", 2)
    for size in (1, 2, 3, 1):
        jf.grad(jnp.sum)(np.ones(size))
    assert len(compiled) == 4 and len(recent._RECENT) == 2
