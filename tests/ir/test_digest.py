"""One text for what one piece of code serves, another for all else."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from jitflow.errors import VerifyError
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region
from jitflow.ir.digest import digest_text, failing_lines, has_own_rows_only
from jitflow.ir.dtypes import f64
from jitflow.ir.location import Location
from jitflow.ir.parser import parse_function
from jitflow.ir.printer import format_function
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType
from tests.support.programs import programs

BASE = """
func @f(%x: f32[2, 3], %y: f32[2, 3]) {
  %c: f32[2, 3] = constant {value=0.0}
  %0: f32[2, 3] = add %x, %y
  %1: f32[2, 3] = sub %0, %c
  %2: f32[2, 3] = cumsum %1 {axis=0}
  return %2, %0
}
"""
CHANGES = {
    "name": ("@f", "@g"),
    "shape": ("[2, 3]", "[3, 2]"),
    "dtype": ("f32", "f64"),
    "constant": ("0.0", "1e-45"),
    "sign of zero": ("0.0", "-0.0"),
    "constant of another shape": ("0.0", "[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]"),
    "row": ("add", "mul"),
    "order of operands": ("sub %0, %c", "sub %c, %0"),
    "another operand": ("sub %0, %c", "sub %x, %c"),
    "attribute": ("axis=0", "axis=1"),
    "attribute with a default": ("axis=0", "axis=0, reverse=true"),
    "order of results": ("return %2, %0", "return %0, %2"),
    "fewer results": ("return %2, %0", "return %2"),
    "attribute of the function": (") {\n", ") {outputs=1} {\n"),
    "word, not number": (") {\n", ') {outputs="1"} {\n'),
    "truth, not number": (") {\n", ") {outputs=true} {\n"),
    "op that nobody uses": ("  return", "  %3: f32[2, 3] = neg %2\n  return"),
}
CHECK = """
func @f(%x: bool[]) {
  check %x {id=1, message="as it should"}
  return %x
}
"""


def test_what_changes_code_changes_the_text():
    texts = [BASE, *(BASE.replace(old, new) for old, new in CHANGES.values())]
    assert len(set(texts)) == len(texts)
    assert len({digest_text(parse_function(text)) for text in texts}) == len(texts)


def test_names_of_values_and_lines_do_not():
    named = BASE.replace("%0", "%sum").replace("%x", "%first")
    moved = "\n\n\n" + BASE
    assert {digest_text(parse_function(t)) for t in (named, moved)} == {
        digest_text(parse_function(BASE))
    }


def test_the_line_of_a_check_does():
    here, there = parse_function(CHECK), parse_function("\n" + CHECK)
    assert here == there and digest_text(here) != digest_text(there)
    assert {place.line for place in failing_lines(here)} == {3}


def test_the_line_of_library_work_does():
    def sorting(line):
        b = Builder(locations=(Location("f.py", line),))
        return b.build("f", [b.sort(b.param(TensorType(f64, (3,))))])

    assert digest_text(sorting(1)) != digest_text(sorting(2))
    assert failing_lines(sorting(2)) == {Location("f.py", 2)}


@settings(max_examples=60)
@given(programs(max_ops=3), programs(max_ops=3))
def test_texts_are_equal_where_functions_are(first, second):
    one, other = first.function, second.function
    lines = [failing_lines(f) for f in (one, other)]
    if not lines[0]:
        assert digest_text(parse_function(format_function(one))) == digest_text(one)
    is_same = one == other and one.name == other.name and lines[0] == lines[1]
    assert (digest_text(one) == digest_text(other)) == is_same


def test_regions_are_part_of_it():
    text = """
    func @f(%x: f32[4]) {
      %0: f32[4] = call %x {name="g"} (%a: f32[4]) {
        %1: f32[4] = neg %a
        yield %1
      }
      return %0
    }"""
    other = text.replace("neg", "abs")
    assert digest_text(parse_function(text)) != digest_text(parse_function(other))


def test_rows_from_outside_are_known():
    own = parse_function(BASE)
    assert has_own_rows_only(own)
    add = next(op for op in own.ops if op.row is ROWS["add"])
    other = Op(replace(add.row), add.operands, {}, [add.result.type])
    region = Region(own.params, [other], [other.result])
    assert not has_own_rows_only(Function("f", region))


def test_an_attribute_without_text_is_refused():
    own = parse_function(BASE)
    with pytest.raises(VerifyError, match="an attribute is a object"):
        digest_text(Function("f", own.body, {"outputs": object()}))
