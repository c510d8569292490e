"""Random programs: a batch is its elements, reverse mode is the adjoint of forward mode."""

from itertools import product

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jitflow.ir.dtypes import bool_, f64, i32
from jitflow.ir.interpreter import interpret
from jitflow.ir.row import ROWS
from jitflow.ir.verifier import verify
from jitflow.passes.batch import batch
from jitflow.passes.linearize import linearize
from jitflow.passes.partition import partition
from jitflow.passes.transpose import transpose
from tests.support.programs import arguments, assert_same_bits, in_order, programs

MANY = settings(max_examples=60)
EXACT = tuple(name for name, row in ROWS.items() if row.exact)
SMOOTH = (
    "add", "sub", "mul", "neg", "sin", "cos", "tanh", "abs", "maximum", "minimum", "select",
    "convert", "clamp", "lt", "ge", "broadcast", "reshape", "transpose", "reverse", "slice", "pad",
    "concatenate", "reduce_sum", "reduce_max", "reduce_prod", "cumsum", "cummax", "cumprod",
    "gather", "scatter", "update", "dynamic_slice", "dynamic_update", "sort", "dot_general",
    "constant",
)  # fmt: skip
SIZE = 3


@MANY
@given(program=programs(rows=EXACT, structured=False), seed=st.integers(0, 2**16))
def test_a_batch_is_its_elements(program, seed):
    function = program.function
    count = len(function.params)
    batches = [arguments(function, seed + k) for k in range(SIZE)]
    for chosen in product((False, True), repeat=count):
        params = tuple(i for i in range(count) if chosen[i])
        after = verify(batch(function, size=SIZE, params=params))
        whole = [
            np.stack([x[i] for x in batches]) if i in params else batches[0][i]
            for i in range(count)
        ]
        found = interpret(after, whole, evaluate=in_order)
        for k in range(SIZE):
            one = [batches[k if i in params else 0][i] for i in range(count)]
            wanted = interpret(function, one, evaluate=in_order)
            taken = [
                x[k] if i in after.attrs["batched"] else x for i, x in enumerate(found)
            ]
            assert_same_bits(taken, wanted)


@MANY
@given(
    program=programs(
        dtypes=(f64, f64, i32, bool_), rows=SMOOTH, structured=False, extents=(1, 2, 3)
    ),
    seed=st.integers(0, 2**16),
)
def test_reverse_mode_is_the_adjoint_of_forward_mode(program, seed):
    function = program.function
    random = np.random.default_rng(seed)
    wrt = tuple(i for i, p in enumerate(function.params) if p.type.dtype is f64)
    assume(wrt and any(v.type.dtype.is_inexact for v in function.results))
    values = [_value(random, p.type) for p in function.params]
    forward = verify(linearize(function, wrt=wrt))
    tangents = [random.normal(size=function.params[i].type.shape) for i in wrt]
    results = interpret(forward, [*values, *tangents])
    pushed = results[len(function.results) :]
    assume(all(np.isfinite(x).all() for x in pushed))
    cotangents = [random.normal(size=x.shape).astype(x.dtype) for x in pushed]
    pulled = interpret(verify(transpose(forward)), [*values, *cotangents])[-len(wrt) :]
    left = sum(np.sum(c * t) for c, t in zip(cotangents, pushed, strict=True))
    right = sum(np.sum(g * t) for g, t in zip(pulled, tangents, strict=True))
    scale = 1 + sum(np.sum(np.abs(c * t)) for c, t in zip(cotangents, pushed, strict=True))
    assert abs(left - right) <= 1e-7 * scale
    before, later = partition(forward)
    kept = interpret(verify(before), values)
    residuals = kept[len(function.results) :]
    assert_same_bits(interpret(verify(later), [*residuals, *tangents]), pushed)


def _value(random, type):
    if type.dtype is f64:
        return random.normal(size=type.shape)
    return random.integers(0, 2, type.shape).astype(type.dtype.numpy)
