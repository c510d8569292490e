"""Source lines through passes: an op that stands for several has the lines of all."""

from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import f32
from jitflow.ir.location import Location
from jitflow.ir.types import TensorType
from jitflow.ir.verifier import verify
from jitflow.passes.canonicalize import canonicalize
from jitflow.passes.cse import cse
from jitflow.passes.dce import dce
from jitflow.passes.fold import fold
from jitflow.passes.hoist_views import hoist_views


def at(line):
    return (Location("user.py", line),)


def start():
    b = Builder()
    return b, b.param(TensorType(f32, (2, 3)), "x")


def lines(op):
    return [location.line for location in op.locations]


def test_merged_ops_unite_their_lines():
    b, x = start()
    values = []
    for line in (1, 2, 1):
        b.locations = at(line)
        values.append(b.exp(x))
    b.locations = at(4)
    result = b.neg(b.add(values[0], values[1]))
    first, *rest = verify(cse(b.build("f", [result, values[2]])), need_locations=True).ops
    assert lines(first) == [1, 2]
    assert [lines(op) for op in rest] == [[4], [4]]


def test_combined_views_unite_their_lines():
    b, x = start()
    b.locations = at(1)
    first = b.reshape(x, shape=(6,))
    b.locations = at(2)
    second = b.reshape(first, shape=(3, 2))
    (op,) = dce(canonicalize(b.build("f", [second]))).ops
    assert lines(op) == [1, 2]


def test_folded_constants_keep_their_line():
    b, x = start()
    b.locations = at(1)
    one = b.full_like(x, 1)
    b.locations = at(2)
    (op,) = dce(fold(b.build("f", [b.add(one, one)]))).ops
    assert lines(op) == [2]


def test_moved_views_keep_their_lines():
    b, x = start()
    b.locations = at(1)
    y = b.exp(x)
    b.locations = at(2)
    moved, op = hoist_views(b.build("f", [b.transpose(y, axes=(1, 0))])).ops
    assert (lines(moved), lines(op)) == ([2], [1])


def test_names_of_the_user_stay():
    b, x = start()
    one = b.full_like(x, 1)
    total = b.add(one, x)
    total.name = "total"
    (_, op) = canonicalize(b.build("f", [total])).ops
    assert op.result.name == "total"
