"""Every pass and the whole tensor stage keep what random programs compute, bit for bit."""

import pytest
from hypothesis import given, settings

from jitflow.ir.parser import parse_function
from jitflow.ir.printer import format_function
from jitflow.ir.verifier import verify
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import TENSOR
from tests.support.programs import assert_same_bits, programs

PASSES = ("inline", "hoist_views", "canonicalize", "fold", "cse", "dce")
MANY = settings(max_examples=150)


@pytest.mark.parametrize("name", PASSES)
@MANY
@given(program=programs())
def test_pass_keeps_results(name, program):
    after = verify(run_pipeline(name, program.function), need_locations=True)
    assert_same_bits(program.results(after), program.results())


@MANY
@given(program=programs(max_ops=20))
def test_tensor_stage_keeps_results(program):
    after = run_pipeline(TENSOR, program.function, verify_each=True)
    verify(after, need_locations=True)
    assert_same_bits(program.results(after), program.results())


@pytest.mark.parametrize("name", PASSES)
@MANY
@given(program=programs())
def test_second_run_changes_nothing(name, program):
    once = run_pipeline(name, program.function)
    assert run_pipeline(name, once) is once, format_function(once)


@MANY
@given(program=programs())
def test_text_round_trip(program):
    text = format_function(program.function)
    assert parse_function(text) == program.function
    assert format_function(parse_function(text)) == text


@MANY
@given(program=programs())
def test_text_after_the_stage_is_deterministic(program):
    after = run_pipeline(TENSOR, program.function)
    again = run_pipeline(TENSOR, parse_function(format_function(program.function)))
    assert format_function(after) == format_function(again)
