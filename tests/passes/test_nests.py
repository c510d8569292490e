"""A function taken apart into its loop nests."""

from jitflow.ir.parser import parse_function
from jitflow.ir.verifier import verify
from jitflow.passes.nests import split_nests

TWO = parse_function("""
func @f(%x: &f32[4], %out: &f32[4]) {outputs=1} {
  %0: i64[] = constant {value=0}
  %1: i64[] = constant {value=4}
  %2: &f32[4] temp = alloc {offset=0}
  loop %0, %1 (%i: i64[]) {
    %3: f32[] = load %x, %i
    store %3, %2, %i
    yield
  }
  loop %0, %1 (%j: i64[]) {
    %4: f32[] = load %2, %j
    %5: f32[] = add %4, %4
    store %5, %out, %j
    yield
  }
  return
}
""")
CARRIED = parse_function("""
func @f(%x: &f32[4], %out: &f32[]) {outputs=1} {
  %0: i64[] = constant {value=0}
  %1: i64[] = constant {value=4}
  %2: f32[] = constant {value=0.0}
  %3: f32[] = loop %0, %1, %2 (%i: i64[], %a: f32[]) {
    %4: f32[] = load %x, %i
    %5: f32[] = add %a, %4
    yield %5
  }
  %6: f32[] = loop %0, %1, %3 (%j: i64[], %b: f32[]) {
    %7: f32[] = load %x, %j
    %8: f32[] = mul %b, %7
    yield %8
  }
  store %6, %out
  return
}
""")


def test_each_loop_has_what_it_needs():
    first, second = split_nests(TWO)
    for part in (first, second):
        verify(part)
        assert [op.row.name for op in part.ops] == ["constant", "constant", "alloc", "loop"]
        assert part.attrs == TWO.attrs and part.params == TWO.params
    assert first.ops[-1] is TWO.ops[3] and second.ops[-1] is TWO.ops[4]


def test_loops_that_hand_on_values_stay_together():
    (whole,) = split_nests(CARRIED)
    verify(whole)
    assert whole.ops == CARRIED.ops


def test_a_function_without_effects_has_no_nests():
    empty = parse_function("func @f(%x: &f32[4]) {outputs=0} {\n  return\n}")
    assert split_nests(empty) == ()
