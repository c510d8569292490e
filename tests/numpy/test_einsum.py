"""einsum against NumPy: every form of subscripts, and every kind of fault in them."""

from __future__ import annotations

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp

GENERATOR = np.random.default_rng(0)
X, Y, Z, B = (GENERATOR.normal(size=shape) for shape in ((2, 3), (3, 4), (4, 4), (5, 2, 3)))

FORMS = {
    "product": lambda x, y, z, b: np.einsum("ij,jk->ik", x, y),
    "implicit": lambda x, y, z, b: (np.einsum("bA", x), np.einsum("ij,jk", x, y)),
    "diagonal": lambda x, y, z, b: (np.einsum("ii->i", z), np.einsum("ii", z)),
    "repeats": lambda x, y, z, b: (
        np.einsum("iij->ij", np.stack([z, z], -1)),
        np.einsum("iij,jk,i", np.stack([z, z], -1), x, z[0]),
        np.einsum("iii->i", np.stack([z] * 4)),
    ),
    "ellipsis": lambda x, y, z, b: (
        np.einsum("...ij,jk->...ik", b, y),
        np.einsum("...ij,...jk", b, y),
        np.einsum("i...->...", b),
        np.einsum("i...->...i", b),
        np.einsum("...", b),
        np.einsum("...a,...a->...", b, x[:1]),
    ),
    "lists": lambda x, y, z, b: (
        np.einsum(x, [0, 1], y, [1, 2], [2, 0]),
        np.einsum(b, [..., 1], y, [1, 2]),
        np.einsum(x, [30, 4]),
    ),
    "optimize": lambda x, y, z, b: (
        np.einsum("ij,jk,kl,ml->im", x, y, z, z, optimize=True),
        np.einsum("ij,jk,kl->il", x, y, z, optimize=["einsum_path", (1, 2), (0, 1)]),
        np.einsum("ij,jk,kl->il", x, y, z, optimize="optimal"),
    ),
    "spread": lambda x, y, z, b: (
        np.einsum("ij,ij->ij", x[:1], x),
        np.einsum("ij,ij", x[:1], x),
        np.einsum("ij,", x, 2.0),
    ),
    "outer": lambda x, y, z, b: np.einsum("i,j,k->ijk", x[0], y[0], z[0]),
    "dtypes": lambda x, y, z, b: (
        np.einsum("ij,jk->ik", (x * 9).astype(np.int8), (y * 9).astype(np.int8)),
        np.einsum("ij->i", x > 0),
        np.einsum("ij,jk->ik", x, y, dtype=np.float32, casting="same_kind"),
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms(name, check):
    check(FORMS[name], X, Y, Z, B, exact=False)


FAULTS = [
    (("i$", X), r"invalid subscript '\$'"),
    (("i1", X), "invalid subscript '1'"),
    (("ij-ji", X), "invalid subscript '-'"),
    (("ij->ij->", X), "invalid subscript"),
    (("ij,jk", X), "2 terms do not fit 1 operands"),
    (("ij", X, Y), "1 terms do not fit 2 operands"),
    (("i", X), r"'i' names 1 axes, and has no '...'"),
    (("ijk", X), "'ijk' names 3 axes"),
    (("ij->k", X), "'k', which no operand has"),
    (("ij->ii", X), "'i' more than once"),
    (("i..j", X), "not part of an ellipsis"),
    (("......", X), "not part of an ellipsis"),
    (("...i->i", X), r"the output has no '...'"),
    (("ij,ij", X, Y), "'i' has size 2 and size 3"),
    (("ii", X), "'i' has size 2 and size 3"),
    ((5, X), "followed by the list of its subscripts"),
    ((X, [0, 1], Y), "followed by the list of its subscripts|not within"),
    ((X, [0, "a"]), "either an integer or an ellipsis"),
    ((X, [0, 60]), "60 is not within 0..51"),
]


@pytest.mark.parametrize(("arguments", "text"), FAULTS, ids=str)
def test_faults(arguments, text, evaluate):
    """NumPy refuses each of these, too."""
    with pytest.raises((ValueError, TypeError, IndexError)):
        np.einsum(*arguments)
    with pytest.raises(ValueError, match=rf"test_einsum.py:\d+(.|\n)*einsum: .*({text})"):
        evaluate(lambda x: np.einsum(*(x if a is X else a for a in arguments)), X)


def test_options(evaluate):
    with pytest.raises(TypeError, match="according to the rule 'safe'"):
        evaluate(lambda x: np.einsum("ij->i", x, dtype=int), X)
    with pytest.raises(ValueError, match="axes of different sizes"):
        evaluate(lambda x: np.einsum("ii", x[:1]), X)
    with pytest.raises(TypeError, match="foo= is not supported"):
        evaluate(lambda x: np.einsum("ij->i", x, foo=1), X)


def test_one_operand_is_a_view():
    @jf.jit
    def with_ones(n):
        a = jnp.zeros((3, 3)) + n
        np.einsum("ij->ji", a)[0] = 7
        return a

    np.testing.assert_array_equal(with_ones(0.0), [[7, 0, 0]] * 3)


@pytest.mark.parametrize("text", ["kij,kij->ij", "kij,ikj->ij", "ijk,ikj->i", "ij,ji->j"])
def test_sums_of_products_element_by_element(text):
    random = np.random.default_rng(8)
    sizes = {"i": 3, "j": 4, "k": 5}
    for dtype in ("float32", "complex128", "int32"):
        operands = [
            (random.normal(size=[sizes[c] for c in term]) * 9).astype(dtype)
            for term in text.split("->")[0].split(",")
        ]
        got = jf.jit(lambda x, y: np.einsum(text, x, y))(*operands)
        np.testing.assert_allclose(got, np.einsum(text, *operands), rtol=1e-5, atol=1e-4)
