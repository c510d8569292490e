"""Broken IR text gives ParseError with a place, and never another exception."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jitflow.errors import JitflowError, ParseError
from jitflow.ir.parser import parse_function
from jitflow.ir.printer import format_function

TEXT = """\
func @step(%x: f32[2, n], %y: f32<8>, %b: &f32[4, 2 strides 1, 4] temp) {outputs=1} {
  %c: f32[2] = constant {value=[1.5, -inf]}
  %0: f32[2, n] = add %x, %x
  %1: f32[n] = reduce_sum %0 {axes=[0]}
  %i: i64[] = constant {value=3}
  %p: bool[] = lt %i, %i
  %2: i64[] = cond %p, %i (%a: i64[]) {
    yield %a
  } (%a: i64[]) {
    %n: i64[] = neg %a
    yield %n
  }
  return %1, %2
}
"""
ALPHABET = st.sampled_from(sorted(set(TEXT)) + list('é"\\\x00-999999999999999999999'))


def parse_or_error(text):
    """Parses; a text that parses must print and parse back, any fault must have a place."""
    try:
        function = parse_function(text)
    except ParseError as error:
        assert error.line >= 1 and error.column >= 1, text
        assert len(str(error).splitlines()) <= 6
        return
    assert parse_function(format_function(function)) == function


def test_text_is_valid():
    parse_function(TEXT)


@pytest.mark.parametrize("length", range(0, len(TEXT) - 3, 3))
def test_truncated(length):
    with pytest.raises(ParseError):
        parse_function(TEXT[:length])


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(TEXT)), st.integers(0, 12), st.lists(ALPHABET, max_size=4))
def test_edited(start, removed, inserted):
    parse_or_error(TEXT[:start] + "".join(inserted) + TEXT[start + removed :])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(TEXT.split()), max_size=30))
def test_shuffled_words(words):
    parse_or_error(" ".join(["func @f(%x: f32[2]) {", *words]))


@pytest.mark.parametrize(
    "text",
    [
        "func @f() { %0: i64[] = constant {value=" + "9" * 100_000 + "} return %0 }",
        "func @f() { %0: f32[] = constant {value=1e99999} return %0 }",
        "func @f() { %0: f32[] = constant {value=1e39} return %0 }",
        "func @f() { %0: i64[] = constant {value=" + "[" * 10_000 + "} return %0 }",
        "func @f(%x: f32[" + "9" * 50 + "]) { return %x }",
        "func @f() { %0: f32[9999999999] = constant {value=[1.0]} return %0 }",
        'func @f() { %0: f32[2] = constant {value=data "f32[2] AAAA"} return %0 }',
        'func @f() { %0: f32[2] = constant {value=data "f32[9999999999] AAAA"} return %0 }',
        "func @f(%x: f32[" + "(" * 10_000 + "n]) { return %x }",
        "func @f(%p: bool[]) {" + "cond %p () {" * 10_000,
    ],
    ids="digits exponent f32 nesting extent few short absent dims regions".split(),
)
def test_giant(text):
    with pytest.raises(JitflowError) as raised:
        parse_function(text)
    assert len(str(raised.value)) < 1000
