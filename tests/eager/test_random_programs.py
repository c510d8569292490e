"""Random programs: values and gradients of tensors have the bits of `jit` and `grad`."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import jitflow as jf

UNARY = [np.negative, np.abs, np.square, lambda x: np.sqrt(np.abs(x)), lambda x: x * 0.5 - 1]
BINARY = [
    np.add, np.subtract, np.multiply, np.maximum, lambda x, y: x / (y * y + 1),
    lambda x, y: np.where(x > y, x, y * 2),
]  # fmt: skip


@st.composite
def programs(draw):
    """(function, operands) over the values before; the first three are arguments."""
    steps = []
    for count in range(3, 3 + draw(st.integers(1, 10))):
        place = st.integers(0, count - 1)
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(UNARY)), (draw(place),)))
        else:
            steps.append((draw(st.sampled_from(BINARY)), (draw(place), draw(place))))
    return steps


def run(steps, args):
    values = list(args)
    for function, places in steps:
        values.append(function(*[values[i] for i in places]))
    return values[-1]


@settings(max_examples=12)
@given(programs(), st.integers(0, 1000), st.sampled_from([np.float32, np.float64]))
def test_tapes_agree_with_grad(steps, seed, dtype):
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=s).astype(dtype) for s in ((3, 4), (4,), (3, 1))]
    tensors = [jf.constant(x) for x in arrays]
    with jf.GradientTape() as tape:
        tape.watch(tensors)
        y = run(steps, tensors)
    slopes = tape.gradient(y, tensors)

    np.testing.assert_array_equal(y.numpy(), jf.jit(run, static_argnums=0)(tuple(steps), arrays))
    again = jf.function(lambda *x: run(steps, x))(*tensors)
    np.testing.assert_array_equal(y.numpy(), again.numpy())
    wanted = jf.grad(lambda *x: np.sum(run(steps, x)), argnums=(0, 1, 2))(*arrays)
    for slope, want in zip(slopes, wanted, strict=True):
        if slope is None:
            np.testing.assert_array_equal(want, 0)
        else:
            np.testing.assert_array_equal(slope.numpy(), want)
