"""Whether two results are the same numbers. Knows nested results and NumPy, no other library."""

from typing import Any

import numpy as np


def require_agreement(result: Any, expected: Any, tolerance: float) -> None:
    """AssertionError with the greatest difference where a result is not NumPy's.

    `tolerance` is relative to the expected element and to the greatest element of its array.
    """
    found, wanted = leaves(result), leaves(expected)
    if len(found) != len(wanted):
        raise AssertionError(f"{len(found)} arrays, NumPy has {len(wanted)}")
    for x, y in zip(found, wanted, strict=True):
        if x.shape != y.shape or x.dtype != y.dtype:
            raise AssertionError(f"{x.dtype}{list(x.shape)}, NumPy has {y.dtype}{list(y.shape)}")
        scale = float(np.max(np.abs(y), initial=0))
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance * scale)


def leaves(tree: Any) -> list[Any]:
    """The arrays of tuples, lists and dicts (in the order of their keys), as NumPy's."""
    if isinstance(tree, dict):
        tree = [tree[key] for key in sorted(tree)]
    if isinstance(tree, (tuple, list)):
        return [leaf for part in tree for leaf in leaves(part)]
    return [np.asarray(tree.detach() if hasattr(tree, "detach") else tree)]
