"""Compiled programs equal interpreted ones bit for bit; every loop pass keeps what they compute."""

import numpy as np
import pytest
from hypothesis import given, settings

from jitflow.ir.parser import parse_function
from jitflow.ir.printer import format_function
from jitflow.ir.verifier import verify
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import LOOPS, TENSOR, loops_for
from jitflow.runtime import compile_function
from tests.support.native import call, lowered_results, reference
from tests.support.programs import assert_same_bits, programs

MANY = settings(max_examples=60)
FLAT = ("inline", *LOOPS)


@MANY
@given(program=programs(structured=False))
def test_compiled_equals_interpreted(program):
    expected = reference(program.function, program.arguments)
    assert_same_bits(call(program.function, program.arguments, verify_each=True), expected)


@MANY
@given(program=programs(structured=False, max_ops=25))
def test_simplified_and_compiled_equals_interpreted(program):
    expected = reference(program.function, program.arguments)
    simplified = run_pipeline(TENSOR, program.function)
    assert_same_bits(call(simplified, program.arguments), expected)


@MANY
@given(program=programs(structured=False))
def test_loop_passes_keep_results(program):
    """From `lower` on, each pass keeps every bit (`expand` replaces NumPy's own functions)."""
    function = program.function
    before = None
    for name in LOOPS:
        function = verify(run_pipeline(name, function), need_locations=True)
        if "outputs" not in function.attrs:
            continue
        assert parse_function(format_function(function)) == function
        after = lowered_results(program.function, function, program.arguments)
        if before is not None and name != "expand":
            assert_same_bits(after, before)
        before = after


@pytest.mark.parametrize("name", LOOPS[1:])
def test_second_run_changes_nothing(name):
    text = """
    func @f(%x: f32[4, 100]) {
      %m: f32[4] = reduce_max %x {axes=[1]}
      %b: f32[4, 100] = broadcast %m {shape=[4, 100], axes=[0]}
      %y: f32[4, 100] = sub %x, %b
      %s: f32[4] = reduce_sum %y {axes=[1]}
      return %y, %s
    }
    """
    function = parse_function(text)
    for step in LOOPS:
        function = run_pipeline(step, function)
        if step == name and step not in ("lower", "fuse"):
            assert run_pipeline(step, function) is function


@pytest.mark.parametrize("neighbour", ["reduce_sum", "reduce_max"])
def test_reductions_of_another_dtype_beside_a_sum_change_no_bit(neighbour):
    alone = """
    func @f(%x: f32[3, 1000]) {
      %0: f32[3] = reduce_sum %x {axes=[1]}
      return %0
    }
    """
    together = f"""
    func @f(%x: f32[3, 1000]) {{
      %0: f32[3] = reduce_sum %x {{axes=[1]}}
      %wide: f64[3, 1000] = convert %x {{dtype=f64}}
      %1: f64[3] = {neighbour} %wide {{axes=[1]}}
      return %0, %1
    }}
    """
    x = np.random.default_rng(0).standard_normal((3, 1000)).astype(np.float32)
    (expected,) = call(parse_function(alone), [x])
    assert_same_bits(call(parse_function(together), [x])[:1], [expected])


@pytest.mark.parametrize("shape", [(20, 600, 33), (3, 70, 5), (7, 1000, 1), (1, 64, 64)])
def test_no_bit_depends_on_the_vectors_of_the_target(shape):
    rows, depth, columns = shape
    function = parse_function(f"""
    func @f(%x: f32[{rows}, {depth}], %y: f32[{depth}, {columns}]) {{
      %0: f32[{rows}, {columns}] = dot_general %x, %y {{contract=[[1], [0]]}}
      %1: f32[{rows}, {columns}] = tanh %0
      %2: f32[{rows}] = reduce_sum %1 {{axes=[1]}}
      %3: f32[{depth}] = reduce_sum %x {{axes=[0]}}
      return %1, %2, %3
    }}
    """)
    random = np.random.default_rng(0)
    arrays = [random.standard_normal(p.type.shape).astype(np.float32) for p in function.params]
    targets = (16, 16), (16, 32), (32, 16), (64, 32)
    first, *others = (
        compile_function(run_pipeline(loops_for(*target), function))(arrays) for target in targets
    )
    for other in others:
        assert_same_bits(other, first)


def test_another_use_of_an_operand_changes_no_bit_of_a_product():
    """Few rows: the layout of the right operand decides the order of additions."""
    product = """
      %0: f32[50, 700] = exp %w
      %1: f32[700, 50] = transpose %0 {axes=[1, 0]}
      %2: f32[2, 50] = dot_general %x, %1 {contract=[[1], [0]]}
    """
    head = "func @f(%x: f32[2, 700], %w: f32[50, 700]) {"
    random = np.random.default_rng(0)
    arrays = [random.standard_normal((n, 700)).astype(np.float32) for n in (2, 50)]
    first, second = (
        call(run_pipeline(TENSOR, parse_function(f"{head}{product}{results}}}")), arrays)[:1]
        for results in ("return %2", "return %2, %0")
    )
    assert_same_bits(first, second)
