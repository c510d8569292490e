"""Each rule of the verifier refuses what breaks it, and shows the ops around it."""

import numpy as np
import pytest

from jitflow.errors import VerifyError
from jitflow.ir.builder import Builder
from jitflow.ir.core import MAX_DEPTH, Function, Op, Region, Value
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import f32, f64
from jitflow.ir.location import Location
from jitflow.ir.row import ROWS
from jitflow.ir.types import FLAG, INDEX, BufferType, TensorType
from jitflow.ir.verifier import verify

PAIR = TensorType(f32, (2,))


def refused(function, problem):
    with pytest.raises(VerifyError) as raised:
        verify(function)
    text = str(raised.value)
    assert problem in text and text.startswith("@f: ")
    assert len(text.splitlines()) <= 5
    return text


def function(params, ops, results=()):
    return Function("f", Region(params, ops, results))


def op(name, *operands, types=(PAIR,), attrs=None, regions=()):
    return Op(ROWS[name], operands, attrs or {}, types, regions)


@pytest.fixture
def x():
    return Value(PAIR, "x")


def test_valid_function_is_given_back(x):
    good = function([x], [op("neg", x)])
    assert verify(good) is good


def test_undefined_operand(x):
    refused(function([x], [op("neg", Value(PAIR, "y"))]), "%y: f32[2] (parameter) is not defined")


def test_use_before_definition(x):
    first = op("neg", x)
    second = op("neg", first.result)
    text = refused(function([x], [second, first]), "is not defined before its use")
    assert text.splitlines()[1:] == ["  > %1: f32[2] = neg %0", "    %0: f32[2] = neg %x"]


def test_undefined_result(x):
    refused(function([x], [], [Value(PAIR, "y")]), "%y: f32[2] (parameter) is not defined")


def test_op_twice(x):
    double = op("neg", x)
    refused(function([x], [double, double]), "is defined twice")


def test_parameter_twice(x):
    refused(function([x, x], []), "%x: f32[2] (parameter) is defined twice")


def test_parameter_that_is_the_result_of_an_op(x):
    refused(function([op("neg", x).result], []), "parameter 0 is the result of an op")


def test_result_of_another_op(x):
    forged = op("neg", x)
    forged.results = op("abs", x).results
    refused(function([x], [forged]), "result 0 of neg belongs to another op")


def test_value_without_a_type():
    refused(function([Value("f32", "x")], []), "has 'f32' for a type")


def call(x, *ops, results, params=None):
    inside = Region([Value(PAIR, "a")] if params is None else params, ops, results)
    return op("call", x, attrs={"name": "g"}, regions=(inside,))


def test_value_used_outside_its_region(x):
    inner = op("neg", x)
    branch = op(
        "branch", Value(FLAG), types=(PAIR,),
        regions=(Region([], [inner], [inner.result]), Region([], [], [x])),
    )
    leak = op("neg", inner.result)
    refused(function([x, *branch.operands], [branch, leak]), "is not visible in this region")


def test_value_of_one_side_used_in_the_other(x):
    inner, flag = op("neg", x), Value(FLAG, "c")
    sides = Region([], [inner], [inner.result]), Region([], [], [inner.result])
    branch = op("branch", flag, regions=sides)
    refused(function([x, flag], [branch]), "is not visible in this region")


def test_capture_in_an_isolated_region(x):
    refused(function([x], [call(x, results=[x])]), "%x: f32[2] (parameter) is not visible")


def test_parameter_of_a_region_used_behind_it(x):
    a = Value(PAIR, "a")
    text = refused(
        function([x], [call(x, results=[a], params=[a]), op("neg", a)]), "%a: f32[2] (parameter)"
    )
    assert "is not visible in this region" in text


def test_region_of_another_function_twice(x):
    inside = call(x, results=[a := Value(PAIR, "a")], params=[a])
    again = op("call", x, attrs={"name": "g"}, regions=inside.regions)
    refused(function([x], [inside, again]), "is defined twice")


def test_arity(x):
    refused(function([x], [op("add", x)]), "add takes 2 operands, got 1")


def test_regions(x):
    refused(function([x], [op("call", x, attrs={"name": "g"})]), "call has 1 regions, got 0")


@pytest.mark.parametrize(
    ("attrs", "problem"),
    [
        ({}, "reduce_sum has the attributes axes, got none"),
        ({"axes": (0,), "axis": 0}, "reduce_sum has the attributes axes, got axes, axis"),
        ({"axes": [0]}, "axes of reduce_sum is a list of ints, got [0]"),
        ({"axes": (np.int64(0),)}, "axes of reduce_sum is a list of ints, got (np.int64(0),)"),
        ({"axes": (True,)}, "axes of reduce_sum is a list of ints, got (True,)"),
        ({"axes": 0}, "axes of reduce_sum is a list of ints, got 0"),
        ({"axes": (1,)}, "reduce_sum: axes [1] must be distinct and within 0..0"),
    ],
)
def test_attributes(x, attrs, problem):
    refused(function([x], [op("reduce_sum", x, types=(TensorType(f32),), attrs=attrs)]), problem)


@pytest.mark.parametrize(
    ("name", "attrs", "problem"),
    [
        ("constant", {"value": 1.0, "type": PAIR}, "value of constant is constant data, got 1.0"),
        ("constant", {"value": Dense(1.0, f64), "type": PAIR}, "constant data is f64"),
        ("constant", {"value": Dense(1.0, f32), "type": "f32"}, "type of constant is the type"),
        ("print", {"text": 3}, "text of print is a string, got 3"),
    ],
)
def test_kinds_of_attributes(name, attrs, problem):
    refused(function([], [op(name, attrs=attrs)]), problem)


def test_another_type_than_the_rule(x):
    refused(function([x], [op("neg", x, types=(TensorType(f64, (2,)),))]), "neg gives (f32[2])")
    refused(function([x], [op("neg", x, types=())]), "neg gives (f32[2]) by its type rule")


def test_type_rule_that_python_stops(x):
    b = Builder()
    token = b.token()
    text = refused(function([x], [token.op, op("any_lane", token)]), "any_lane does not take")
    assert "(token)" in text


def test_fault_in_a_region_shows_the_ops_around_it(x):
    a = Value(PAIR, "a")
    good, bad = op("neg", a), op("add", a, a, types=(INDEX,))
    text = refused(function([x], [call(x, good, bad, results=[a], params=[a])]), "add gives")
    assert text.splitlines()[1:] == ["    %0: f32[2] = neg %a", "  > %1: i64[] = add %a, %a"]


def test_depth():
    flag, ops = Value(FLAG, "c"), []
    for _ in range(MAX_DEPTH + 1):
        verify(function([flag], ops))
        sides = Region([], ops, []), Region([], [], [])
        ops = [op("branch", flag, types=(), regions=sides)]
    refused(function([flag], ops), f"nested deeper than {MAX_DEPTH}")


def test_locations_where_they_are_needed(x):
    bare = function([x], [op("neg", x)])
    with pytest.raises(VerifyError, match="neg has no source line"):
        verify(bare, need_locations=True)
    b = Builder([x], locations=(Location("f.py", 1),))
    verify(b.build("f", [b.neg(x)]), need_locations=True)


@pytest.mark.parametrize("fact", [1.5, [1], {"a": 1}, None, Dense(1), BufferType(f32, (2,))])
def test_attributes_of_a_function_are_plain(fact):
    refused(Function("f", Region([], [], []), {"outputs": fact}), "attribute outputs cannot be")


def test_many_regions_are_verified_in_near_linear_time():
    """Each region sees all values before it; copying them would be quadratic."""
    b = Builder()
    c = b.param(FLAG)
    for _ in range(5000):
        b.branch(c, lambda inner: inner.not_(c), lambda inner: c)
    verify(b.build("f", []))
