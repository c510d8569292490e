"""Each row of the op table: text, builder method, and reference agree on what the op is."""

import keyword

import numpy as np
import pytest

from jitflow.ir.builder import Builder, method_name
from jitflow.ir.core import walk
from jitflow.ir.interpreter import interpret
from jitflow.ir.parser import parse_function
from jitflow.ir.printer import format_function
from jitflow.ir.row import ROWS, Attribute, Effect, Family, OpRow, register
from jitflow.ir.types import BufferType, TensorType, VectorType
from jitflow.ir.verifier import verify
from tests.support.samples import accepted, plain_rows, sample

SIZES = {"n": 5}
UNDEFINED = ("token", "print", "host_call", "check", "transposed_call")


@pytest.mark.parametrize("name", ROWS)
def test_text_goes_round(name):
    function = verify(parse_function(sample(name)))
    assert any(op.name == name for op in walk(function.body))
    assert parse_function(format_function(function)) == function


@pytest.mark.parametrize("name", ROWS)
def test_builder_method(name):
    method = getattr(Builder, method_name(ROWS[name]))
    assert method.__doc__ and not keyword.iskeyword(method.__name__.rstrip("_") + "_")


@pytest.mark.parametrize("name", ROWS)
def test_row_is_complete(name):
    row = ROWS[name]
    assert row.doc and "\n" not in row.doc
    assert row.reference is not None or row.regions or row.family is Family.LOOP
    assert row.effect is not Effect.NONE or row.name not in ("check", "print", "store", "host_call")
    assert (row.exact and row.ulp == 0) or not row.exact


@pytest.mark.parametrize("name", [n for n in ROWS if n not in UNDEFINED])
def test_interpreted_results_have_the_types_of_the_rule(name):
    function = parse_function(sample(name))
    results = interpret(function, [argument(p.type) for p in function.params])
    for result, value in zip(results, function.results, strict=True):
        agrees(result, value.type)


@pytest.mark.parametrize("row", plain_rows(), ids=lambda row: row.name)
def test_reference_has_the_dtype_of_the_rule(row):
    """For every dtype that the rule takes, and without the interpreter's last conversion."""
    assert accepted(row)
    for dtype in accepted(row):
        operands = [TensorType(dtype, (3,))] * row.arity
        (wanted,) = row.infer(tuple(operands), {}, ())
        with np.errstate(all="ignore"):
            got = row.reference(*(argument(t) for t in operands))
        assert np.asarray(got).dtype == wanted.dtype.numpy, f"{row.name} of {dtype}"


def argument(type):
    """Ones of a type; symbols have the sizes of SIZES."""
    if isinstance(type, VectorType):
        return np.ones(type.lanes, type.dtype.numpy)
    shape = tuple(SIZES.get(str(d), d) for d in type.shape)
    return np.ones(shape, type.dtype.numpy)


def agrees(result, type):
    assert np.asarray(result).dtype == type.dtype.numpy
    if isinstance(type, VectorType):
        assert np.shape(result) == (type.lanes,)
    elif isinstance(type, (TensorType, BufferType)):
        assert len(np.shape(result)) == len(type.shape)


# The table refuses rows that are not whole.


def row(**fields):
    given = {"name": "new", "family": Family.ELEMENTWISE, "arity": 1, "infer": None, "doc": "New."}
    return OpRow(**{**given, **fields})


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": "add", "no_derivative": "none"}, "registered twice"),
        ({}, "must state a derivative, or why there is none"),
        ({"linear": (0,)}, "is linear and has no transpose"),
        ({"jvp": lambda b, op, tangents: None, "no_derivative": "none"}, "must state a derivative"),
        (
            {"no_derivative": "none", "attributes": {"n": Attribute("number")}},
            "attribute 'n' of an unknown kind 'number'",
        ),
    ],
)
def test_unfinished_row_is_refused(fields, problem):
    with pytest.raises(ValueError, match=problem):
        register(row(**fields))
    assert "new" not in ROWS
