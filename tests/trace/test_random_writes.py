"""Random programs of views and in-place writes: every handle shows what NumPy shows."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import jitflow as jf

bounds = st.one_of(st.none(), st.integers(-5, 5))
slices = st.builds(slice, bounds, bounds, st.sampled_from([None, 1, 2, -1, -2]))
keys = st.one_of(
    slices, st.just(Ellipsis), st.none(), st.tuples(slices, slices),
    st.tuples(st.just(Ellipsis), slices), st.integers(-2, 1),
)  # fmt: skip
places = st.lists(st.integers(-2, 1), min_size=1, max_size=3).map(np.array)
array_keys = st.one_of(
    places, st.tuples(places, places), st.tuples(slices, places), st.tuples(places, slices),
    st.tuples(places, st.none(), places), st.tuples(st.just(Ellipsis), places),
)  # fmt: skip
picks = st.integers(0, 20)
numbers = st.integers(-3, 3).map(float)
steps = st.one_of(
    st.tuples(st.just("view"), picks, keys),
    st.tuples(st.just("transpose"), picks, st.none()),
    st.tuples(st.just("copy"), picks, st.none()),
    st.tuples(st.just("add"), picks, numbers),
    st.tuples(st.just("scale"), picks, picks),
    st.tuples(st.just("assign"), picks, st.tuples(keys, numbers)),
    st.tuples(st.just("assign array"), picks, picks),
    st.tuples(st.just("take"), picks, array_keys),
    st.tuples(st.just("put"), picks, st.tuples(array_keys, numbers)),
    st.tuples(st.just("add at"), picks, st.tuples(array_keys, numbers)),
    st.tuples(st.just("scale some"), picks, numbers),
    st.tuples(st.just("traced view"), picks, st.integers(-2, 1)),
    st.tuples(st.just("compute"), picks, numbers),
)


def step(arrays, kind, pick, detail, shift=0):
    """One step on the arrays so far; a new view or array joins them. `shift` is a traced zero."""
    x = arrays[pick % len(arrays)]
    if kind in ("view", "take"):
        arrays.append(x[detail])
    elif kind == "traced view":
        arrays.append(x[shift + detail])
    elif kind == "put":
        x[detail[0]] = detail[1]
    elif kind == "add at":
        np.add.at(x, detail[0], detail[1])
    elif kind == "scale some":
        x[x > detail] *= 2
    elif kind == "transpose":
        arrays.append(x.T)
    elif kind == "copy":
        arrays.append(x.copy())
    elif kind == "compute":
        arrays.append(x * 2 + detail)
    elif kind == "assign":
        x[detail[0]] = detail[1]
    elif x.ndim == 0:
        return
    elif kind == "add":
        x += detail
    elif kind == "scale":
        x *= arrays[detail % len(arrays)]
    else:
        x[...] = arrays[detail % len(arrays)]


def fits(program, start):
    """The steps that NumPy can do, one after the other."""
    arrays = [start.copy()]
    kept = []
    for one in program:
        before = [x.copy() for x in arrays]
        try:
            step(arrays, *one)
        except (IndexError, ValueError, TypeError):
            for x, old in zip(arrays, before, strict=True):
                x[...] = old
            continue
        if any(not isinstance(x, np.ndarray) for x in arrays):
            del arrays[-1]
            continue
        kept.append(one)
    return kept


@settings(max_examples=60)
@given(st.lists(steps, min_size=1, max_size=10), st.sampled_from([(4,), (2, 3), (1, 3, 2)]))
def test_random_views_and_writes(program, shape):
    start = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    program = fits(program, start)

    def f(x, shift):
        arrays = [x + 0]
        for one in program:
            step(arrays, *one, shift)
        return arrays

    for got, expected in zip(jf.jit(f)(start, 0), f(start, 0), strict=True):
        np.testing.assert_array_equal(got, expected)
