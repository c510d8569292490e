"""How much memory temporaries take, against what must be alive at once."""

import numpy as np
import pytest

import jitflow as jf
from jitflow.ir.nests import runs_of
from jitflow.passes.assign import _frames, _live_spans, _room, arena_bytes


def network(params, x):
    for w, b in params:
        x = np.tanh(x @ w + b)
    return (x * x).mean()


def ladder(params, x):
    """Halves the rows step by step, and comes back with what was there before."""
    kept = []
    for w, _ in params:
        x = np.tanh(x @ w)
        kept.append(x)
        x = x.reshape(x.shape[0] // 2, 2, -1).mean(1)
    for (w, b), held in zip(reversed(params), reversed(kept), strict=True):
        x = np.tanh((np.repeat(x, 2, axis=0) + held) @ w.T + b)
    return (x * x).mean()


def recurrent(params, x):
    h = x
    for _ in range(6):
        for w, b in params:
            h = np.tanh(h @ w + x * b)
    return (h * h).mean()


@pytest.mark.parametrize("function", [network, ladder, recurrent])
def test_gradients_take_little_more_than_is_alive_at_once(function):
    params = [(np.ones((32, 32), np.float32), np.ones(32, np.float32)) for _ in range(4)]
    f = jf.jit(jf.grad(function))
    loops = f.lower(params, np.ones((64, 32), np.float32)).road.kernels
    frames = _frames(loops)
    spans = _live_spans(loops, frames)
    scratch = {op: arena_bytes(op.attrs["nest"]) for op in runs_of(loops)}
    sizes = {m: sum(_room(each, scratch) for each in frames.get(m, [m])) for m in spans}
    alive = [
        sum(size for b, size in sizes.items() if spans[b][0] <= k <= spans[b][1])
        for k in range(len(loops.ops))
    ]
    assert len(spans) > 10
    assert arena_bytes(loops) <= 1.05 * max(alive)
