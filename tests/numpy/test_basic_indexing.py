"""Indexing by integers, slices, None and Ellipsis: views, writes, faults."""

from __future__ import annotations

import numpy as np
import pytest

from jitflow.errors import AxisError

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


INDICES = [
    0,
    -1,
    slice(None),
    slice(1, 3),
    slice(None, None, -1),
    slice(2, 0, -1),
    slice(5, 1),
    slice(-2, 100),
    slice(None, None, 2),
    slice(3, None, -2),
    None,
    ...,
    (),
    (0, 1, 2),
    (0, ..., -1),
    (..., 0),
    (None, 0, None),
    (slice(None), None, 1),
    (slice(1, 1), 0),
    (..., None),
    (1, slice(None, None, -3)),
    (slice(None, None, -1), slice(None, None, 2), slice(None, None, -2)),
    np.int64(1),
    (slice(None), np.uint8(2)),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_indexing(index, check):
    check(lambda x: x[index], X)


def test_indexing_views_show_writes(check):
    def fill(x):
        y = x * 2
        first = y[0]
        y[:, 1] = 7
        first[::-1, ::2] += 1
        return y, first

    check(fill, X)


@pytest.mark.parametrize(
    ("index", "kind", "text"),
    [
        (2, IndexError, "index 2 is out of bounds for axis 0 with size 2"),
        ((0, -4), AxisError, "index -4 is out of bounds for axis 1 with size 3"),
        ((0, 0, 0, 0), IndexError, "too many indices"),
        ((..., ...), IndexError, "one Ellipsis"),
        (slice(None, None, 0), ValueError, "step cannot be zero"),
        (1.5, IndexError, "got float"),
        ("a", IndexError, "got str"),
        (slice(0.5, None), TypeError, "integers or None"),
    ],
    ids=str,
)
def test_indexing_faults(index, kind, text, evaluate):
    with pytest.raises(kind, match=rf"test_basic_indexing.py:\d+: .*\n.*{text}"):
        evaluate(lambda x: x[index], X)
