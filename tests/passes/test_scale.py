"""Passes on long functions: no recursion over ops, and time in proportion to their number."""

import sys
from collections import Counter

import numpy as np
import pytest

from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import f32, i32
from jitflow.ir.location import Location
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType
from jitflow.passes.fuse_groups import NEAR_GROUPS, Group, Plan
from jitflow.passes.fuse_loops import fuse_loops
from jitflow.passes.lowering.footprint import touches
from jitflow.passes.manager import count_ops, run_pipeline
from jitflow.passes.pipeline import TENSOR

LENGTH = 10_000
fuse_loops_module = sys.modules["jitflow.passes.fuse_loops"]
_CALL = ROWS["call"]


def chain(step, dtype=f32, shape=(2, 3), length=LENGTH):
    b = Builder(locations=(Location("chain.py", 1),))
    value = b.param(TensorType(dtype, shape), "x")
    while len(b.ops) < length:
        value = step(b, value)
    return b.build("chain", [value])


def test_different_ops_stay():
    function = chain(lambda b, v: b.exp(b.mul(v, b.full_like(v, 2 + len(b.ops)))))
    assert run_pipeline(TENSOR, function) is function


@pytest.mark.parametrize("stage", [TENSOR, ("canonicalize",), ("hoist_views",)])
def test_views_between_ops_are_gathered(stage):
    """Each view could travel past every op before it."""
    flip = chain(lambda b, v: b.transpose(b.exp(v), axes=(1, 0)))
    after = run_pipeline(stage, flip, verify_each=True)
    assert count_ops(after) <= LENGTH
    if stage is TENSOR:
        assert count_ops(after) == LENGTH // 2


def test_constants_are_gathered():
    function = chain(lambda b, v: b.add(v, b.full_like(v, 1)), dtype=i32)
    after = run_pipeline(TENSOR, function)
    assert count_ops(after) == 2
    assert after.ops[0].attrs["value"].array == np.int32(LENGTH // 2)


def test_views_of_views_are_one():
    function = chain(lambda b, v: b.reshape(b.reverse(v, axes=(0,)), shape=v.type.shape[::-1]))
    assert count_ops(run_pipeline(TENSOR, function, verify_each=True)) <= LENGTH


def test_equal_chains_merge():
    b = Builder(locations=(Location("chain.py", 1),))
    x = b.param(TensorType(f32, (4,)), "x")
    left = right = x
    for _ in range(LENGTH // 2):
        left, right = b.exp(left), b.exp(right)
    after = run_pipeline(TENSOR, b.build("twins", [left, right]))
    assert count_ops(after) == LENGTH // 2


def test_nested_calls_are_flattened():
    """As deep as the verifier lets regions nest."""
    b = Builder(locations=(Location("chain.py", 1),))
    x = b.param(TensorType(f32, ()), "x")
    inner = b.nested([x.type])
    value = inner.neg(inner.params[0])
    for _ in range(150):
        outer = b.nested([x.type])
        region = inner.region([value])
        value = outer.emit(_CALL, (outer.params[0],), {"name": "g"}, (region,)).result
        inner = outer
    result = b.emit(_CALL, (x,), {"name": "g"}, (inner.region([value]),)).result
    assert count_ops(run_pipeline(TENSOR, b.build("deep", [result]), verify_each=True)) == 1


def test_an_op_is_compared_with_few_groups():
    """Every group shares `x` with every op, and has no room for one more operand."""
    asked = Counter[str]()

    class Counting(Plan):
        def _fits(self, op, group, axes):
            asked[op.row.name] += 1
            return super()._fits(op, group, axes)

    length = 2000
    b = Builder(locations=(Location("rows.py", 1),))
    rows = b.param(TensorType(f32, (length, 4)), "rows")
    x = b.param(TensorType(f32, (4,)), "x")
    parts = [b.slice(rows, start=(k, 0), stop=(k + 1, 4), step=(1, 1)) for k in range(length)]
    sums = [b.add(b.reshape(part, shape=(4,)), x) for part in parts]
    plan = Counting(4000, 4)
    for op in b.build("sums", sums).ops:
        plan.place(op)
    assert sum(isinstance(item, Group) for item in plan.items) > length // 4
    assert asked["add"] <= NEAR_GROUPS * length


def test_a_joined_loop_is_walked_no_more():
    """What it touches is known from its parts, each of which is looked at once."""
    b = Builder(locations=(Location("rows.py", 1),))
    value = b.param(TensorType(f32, (64, 64)), "x")
    for step in range(30):
        value = b.mul(value, b.full_like(value, step + 2))
    loops = run_pipeline(("fuse{max_ops=1}", "lower"), b.build("f", [value]))
    before = {op for op in loops.ops if op.regions}
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fuse_loops_module, "touches", lambda op: seen.append(op) or touches(op))
        after = fuse_loops(loops)
    assert sum(op.row.name == "loop" for op in after.ops) == 1
    assert len(before) == 30
    assert before == set(seen)
    assert len(seen) == 30
