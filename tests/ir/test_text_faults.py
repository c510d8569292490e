"""Broken IR text gives ParseError with a place, and never another exception."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jitflow.errors import JitflowError, ParseError
from jitflow.ir.lexer import Tokens
from jitflow.ir.parser import parse_function
from jitflow.ir.printer import format_function
from jitflow.ir.row import ROWS
from jitflow.ir.verifier import verify
from tests.support.samples import sample

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


def parse_or_error(text):
    """Parses; a text that parses must print and parse back, any fault must have a place."""
    try:
        function = parse_function(text)
    except ParseError as error:
        assert error.line >= 1 and error.column >= 1, text
        assert len(str(error).splitlines()) <= 6
        return
    assert parse_function(format_function(verify(function))) == function


def test_text_is_valid():
    parse_function(TEXT)


@pytest.mark.parametrize("length", range(len(TEXT) - 2))
def test_truncated(length):
    with pytest.raises(ParseError):
        parse_function(TEXT[:length])


# Every other way to spoil a text. A sample holds one op of a row; PIECES are tokens of them all.

SAMPLES = {name: sample(name) for name in ROWS}
PIECES = sorted({token.text for text in SAMPLES.values() for token in Tokens(text).tokens})
ALPHABET = st.sampled_from(sorted(set(TEXT)) + list('é"\\\x00-999999999999999999999'))


@settings(max_examples=300)
@given(st.integers(0, len(TEXT)), st.integers(0, 12), st.lists(ALPHABET, max_size=4))
def test_edited(start, removed, inserted):
    parse_or_error(TEXT[:start] + "".join(inserted) + TEXT[start + removed :])


@settings(max_examples=200)
@given(st.lists(st.sampled_from(TEXT.split()), max_size=30))
def test_shuffled_words(words):
    parse_or_error(" ".join(["func @f(%x: f32[2]) {", *words]))


@settings(max_examples=1000)
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_sample_with_other_tokens(name, data):
    """One to three tokens dropped, doubled, or replaced by tokens of any sample."""
    tokens = [token.text for token in Tokens(SAMPLES[name]).tokens]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(tokens) - 1))
        change = st.lists(st.sampled_from(PIECES), max_size=1) | st.just(tokens[at : at + 1] * 2)
        tokens[at : at + 1] = data.draw(change)
    parse_or_error(" ".join(tokens))


@pytest.mark.parametrize("name", ROWS)
def test_sample_without_one_token(name):
    tokens = [token.text for token in Tokens(SAMPLES[name]).tokens]
    for at in range(len(tokens)):
        parse_or_error(" ".join(tokens[:at] + tokens[at + 1 :]))


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_bytes(raw):
    parse_or_error(raw.decode("latin-1"))


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
        "func @f(%p: bool[]) {" + "branch %p () {" * 10_000,
        "func @f(%x: f32[" + ", ".join("1" * 1000) + "]) { return %x }",
        "func @f(%x: f32<99999999999>) { return %x }",
        "func @f(%x: f32[]) { %0: f32<8> = splat %x {lanes=99999999999} return %0 }",
        "func @f(%x: f32[max(" + ", ".join(f"a{k} - b{k}" for k in range(400)) + ")]) { return }",
        "func @f(%x: f32[" + "*".join(f"(a{k} + 1)" for k in range(100)) + "]) { return }",
        "func @f(%x: f32[" + "n*" * 100_000 + "n]) { return }",
        "func @f() { return } ?" + "x" * 1_000_000,
        '"' * 1_000_000,
        "%" * 100_000,
    ],
    ids=(
        "digits exponent f32 nesting extent few short absent dims regions captures rank lanes"
        " splat maximum product power word quotes marks"
    ).split(),
)
def test_giant(text):
    with pytest.raises(JitflowError) as raised:
        parse_function(text)
    assert len(str(raised.value)) < 1000
