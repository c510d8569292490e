"""Random programs over 16-bit floats and narrow integers: every stage keeps every bit."""

from hypothesis import given, settings

from jitflow.ir.dtypes import DTYPES
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import LOOPS, TENSOR, loops_for
from jitflow.runtime import compile_function, host_target
from tests.support.native import call, dense, lowered_results, reference
from tests.support.programs import assert_same_bits, programs

NARROW = tuple(DTYPES[name] for name in ("f16", "bf16", "f32", "i8", "u16", "i32", "u64", "bool"))
MANY = settings(max_examples=30)


@MANY
@given(program=programs(dtypes=NARROW, structured=False))
def test_compiled_equals_interpreted(program):
    expected = reference(program.function, program.arguments)
    assert_same_bits(call(program.function, program.arguments, verify_each=True), expected)
    simplified = run_pipeline(TENSOR, program.function, verify_each=True)
    assert_same_bits(call(simplified, program.arguments), expected)


@MANY
@given(program=programs(dtypes=NARROW))
def test_tensor_stage_keeps_results(program):
    assert_same_bits(
        program.results(run_pipeline(TENSOR, program.function)), program.results()
    )


@MANY
@given(program=programs(dtypes=NARROW, structured=False))
def test_an_instruction_changes_no_bit(program):
    """f16's conversions as the host has them, and as arithmetic on bits."""
    arguments = [dense(x) for x in program.arguments]
    first, second = (
        compile_function(run_pipeline(loops_for(32, 16, f16c), program.function))(arguments)
        for f16c in (False, host_target().has_f16c)
    )
    assert_same_bits(first, second)


@MANY
@given(program=programs(dtypes=NARROW, structured=False))
def test_halves_and_half_bits_keep_results(program):
    function, before = program.function, program.results()
    after = run_pipeline("halves", function)
    assert_same_bits(program.results(after), before)
    index = LOOPS.index("half_bits")
    loops = run_pipeline(LOOPS[:index], function)
    assert_same_bits(
        lowered_results(function, run_pipeline("half_bits", loops), program.arguments),
        lowered_results(function, loops, program.arguments),
    )
