"""Python numbers beside arrays, as arguments and as constants: dtypes and values are NumPy's.

They take on an array's dtype in arithmetic, and are arrays of int64 or float64 where arrays are
put together.
"""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp

CALLS = """
xp.append(x, n) | xp.append(n, x) | xp.append(x, [n, n]) | xp.hstack([x, n]) | xp.stack([x[0], n])
xp.vstack([x[:1], n]) | xp.dstack([x[:1], n]) | xp.column_stack([x[:1], n]) | xp.block([x, n])
xp.concatenate([x, [n]]) | array([x[0], n]) | array([[n, 1], [x[0], 2.5]]) | xp.r_[x, n]
xp.where(x > 1, x, n) | xp.where(x > n, n, 0) | xp.insert(x, 1, n) | xp.diff(x, prepend=n)
xp.kron(x, n) | xp.outer(x, n) | xp.dot(x, n) | xp.inner(x, n) | xp.tensordot(x, n, 0)
xp.einsum('i,->i', x, n) | xp.vdot(x[0], n) | xp.convolve(x, n) | xp.cross(x, [n, n, n])
xp.clip(x, n, None) | xp.select([x > 1], [x], n) | xp.piecewise(x, [x > 1], [n, 0])
xp.full_like(x, n) | xp.interp(n, x, x) | xp.linspace(x[0], n, 3) | xp.geomspace(x[0], n, 3)
xp.polyval(x, n) | xp.polyval([n, 1], x) | xp.polyadd(x, n) | xp.polymul(x, [n, 1])
xp.average(x, weights=[n, n, n]) | xp.pad(x, 1, constant_values=n) | xp.searchsorted(x, n)
xp.sum(x, initial=n) | xp.prod(x, initial=n) | xp.max(x, initial=n) | xp.trapezoid(x, dx=n)
xp.gradient(x, n) | xp.digitize(x, [1.5, n]) | xp.isin(x, [n, 2])
xp.histogram(x, [0, 1, n, 9])[1] | xp.meshgrid(x, n)[1] | xp.atleast_1d(x, n)[1]
xp.power(x, n) | n ** x | n // x | divmod(n, x)[1] | n - x | x == n | [n, 2, 3] * x | x @ [n, n, n]
xp.floor(n) * x | xp.round(n) * x | round(n) * x | abs(n) * x | xp.abs(n) * x | n ** 2 * x
xp.exp(-n) * x | xp.minimum(n, 3) * x | xp.where(n > 2, n, 2) * x | (n // 2) * x
"""


@pytest.mark.parametrize("call", [c for line in CALLS.split("\n") for c in line.split(" | ") if c])
def test_as_numpys(call, check):
    parts = "lambda x, n, xp=xp, array=array: "
    f = eval(parts + call, {"xp": np, "array": np.array})
    g = eval(parts + call, {"xp": jnp, "array": jnp.array})

    def either(x, n):
        return (f if type(x) is np.ndarray else g)(x, n)

    for dtype in ("f4", "u1"):
        x = np.arange(1, 4).astype(dtype)
        for n in (2, 2.5, np.float64(2.5), np.int64(2)):
            check(either, x, n, exact=False)
            check(lambda x, n=n: either(x, n), x, exact=False)


def test_a_chosen_dtype_is_not_weak():
    """A conversion of a Python number to a dtype failed where it met another."""
    got = jf.jit(lambda n, x: n.astype("u1") + x)(3, np.ones(2, "u2"))
    assert got.dtype == np.uint16
    np.testing.assert_array_equal(got, [4, 4])


def test_orders_of_norms_and_what_is_rounded():
    x = np.array([1, 2, 3], "f4")
    assert jf.jit(lambda x: np.linalg.norm(x, np.float64(2.5)))(x).dtype == np.float32
    with pytest.raises(TypeError, match="ord decides about the formula(.|\n)*static_argnames"):
        jf.jit(np.linalg.norm)(x, 3)
    assert jf.jit(lambda x: round(x[0] * 2.5))(x) == 2
    with pytest.raises(ValueError, match="NaN, infinite or beyond int64"):
        jf.jit(lambda x: round(x[0] / 0))(x)
