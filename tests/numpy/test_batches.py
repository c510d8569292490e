"""vmap of NumPy's functions: a batch is its elements, as interpreted."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.trace.pytree import flatten
from tests.numpy.test_derivatives import CASES, SQUARE, V, X, Y

CHOICES = {
    "argsort": (jnp.argsort, X),
    "argmax": (lambda a: jnp.argmax(a, axis=1), X),
    "nanargmax": (jnp.nanargmax, X),
    "searchsorted": (lambda a, v: jnp.searchsorted(jnp.sort(a), v), V, X),
    "digitize": (lambda a: jnp.digitize(a, np.array([-1.0, 0.0, 1.0])), V),
    "partition": (lambda a: jnp.sort(jnp.partition(a, 2)[:2]), V),
    "lexsort": (lambda a: jnp.lexsort((a[0], a[1])), X),
    "histogram": (lambda a: jnp.histogram(a, bins=4, range=(-3, 3))[0], V),
    "traced_index": (lambda a: a[jnp.argmax(a)], V),
    "any": (lambda a: jnp.any(a > 1, axis=0), X),
    "count_nonzero": (lambda a: jnp.count_nonzero(a > 0), X),
    "isclose": (jnp.isclose, X, Y),
    "round": (lambda a: jnp.round(a, 2), X),
    "integers": (lambda a: a.astype(np.int32) // 2, 9 * X),
    "divmod": (lambda a: jnp.divmod(a, 0.7), X),
    "choose": (lambda a: jnp.choose(jnp.argsort(a[:2]), [a[:2], a[1:3]]), V),
    "select": (lambda a: jnp.select([a > 1, a > 0], [a, 2 * a], 0.0), X),
    "inv": (jnp.linalg.inv, SQUARE),
    "solve": (jnp.linalg.solve, SQUARE, V[:3]),
    "eigvalsh": (lambda a: jnp.linalg.eigvalsh(a @ a.T), SQUARE),
}


def batch_of(x):
    """Three arrays like x."""
    x = np.asarray(x)
    return np.stack([x, x[..., ::-1] if x.ndim else x + 0.5, x * 0.9 + 0.05])


@pytest.mark.parametrize("name", [*CASES, *CHOICES])
def test_a_batch_is_its_elements(evaluate, name):
    function, *args = {**CASES, **CHOICES}[name]
    batches = [batch_of(x) for x in args]
    found = flatten(evaluate(jf.vmap(function), *batches))[0]
    each = [flatten(evaluate(function, *row))[0] for row in zip(*batches, strict=True)]
    for got, *wanted in zip(found, *each, strict=True):
        np.testing.assert_allclose(got, np.stack(wanted), rtol=1e-10, atol=1e-12)
        assert got.dtype == np.stack(wanted).dtype
