"""What the interpreter makes of ops with regions, memory and checks, and what it refuses.

The elementwise rows are in test_rows.py; `; run:` lines of text tests are evaluated by it too.
"""

import numpy as np
import pytest

from jitflow.errors import CheckError, JitflowError, ShapeError, VerifyError
from jitflow.ir.host import HOST_FUNCTIONS
from jitflow.ir.interpreter import interpret
from jitflow.ir.parser import parse_function
from jitflow.ir.verifier import verify


def run(text, *args):
    return interpret(verify(parse_function(text)), args)


def f32(*values):
    return np.array(values, np.float32)


COND = """
func @f(%c: bool[], %x: f32[2]) {
  %0: f32[2], %1: f32[2] = cond %c, %x (%a: f32[2]) {
    yield %a, %a
  } (%a2: f32[2]) {
    %n: f32[2] = neg %a2
    yield %n, %a2
  }
  return %0, %1
}
"""


@pytest.mark.parametrize(("flag", "wanted"), [(True, [1, 2]), (False, [-1, -2])])
def test_cond(flag, wanted):
    first, second = run(COND, np.bool_(flag), f32(1, 2))
    assert first.tolist() == wanted and second.tolist() == [1, 2]


WHILE = """
func @f(%n: i64[]) {
  %zero: i64[] = constant {value=0}
  %i: i64[], %total: i64[], %last: i64[] = while %zero, %zero, %n
      (%a: i64[], %b: i64[], %c: i64[]) {
    %more: bool[] = lt %a, %c
    yield %more
  } (%d: i64[], %e: i64[], %g: i64[]) {
    %one: i64[] = constant {value=1}
    %next: i64[] = add %d, %one
    %sum: i64[] = add %e, %next
    yield %next, %sum, %g
  }
  return %total
}
"""


@pytest.mark.parametrize(("n", "wanted"), [(0, 0), (1, 1), (10, 55), (-3, 0)])
def test_while(n, wanted):
    assert run(WHILE, np.int64(n)) == (wanted,)


SCAN = """
func @f(%s: f32[], %x: f32[3, 2]) {
  %0: f32[], %1: f32[3, 2] = scan %s, %x {carried=1, length=3, reverse=REVERSE}
      (%a: f32[], %row: f32[2]) {
    %2: f32[] = reduce_sum %row {axes=[0]}
    %3: f32[] = add %a, %2
    %4: f32[2] = broadcast %a {shape=[2], axes=[]}
    yield %3, %4
  }
  return %0, %1
}
"""


@pytest.mark.parametrize(
    ("reverse", "before"), [("false", [0, 1, 6]), ("true", [14, 9, 0])]
)
def test_scan(reverse, before):
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    total, stacked = run(SCAN.replace("REVERSE", reverse), np.float32(0), x)
    assert total == 15 and stacked[:, 0].tolist() == before


def test_call_and_kernel():
    inner = "(%a: f32[2]) { %1: f32[2] = add %a, %a yield %1 }"
    text = f'func @f(%x: f32[2]) {{ %0: f32[2] = call %x {{name="g"}} {inner} return %0 }}'
    assert run(text, f32(1, 2))[0].tolist() == [2, 4]
    text = text.replace('call %x {name="g"}', 'kernel %x {kind="map"}')
    assert run(text, f32(1, 2))[0].tolist() == [2, 4]


# Level 3.

SUM = """
func @f(%x: &f32[3, 4 strides 1, 3], %out: &f32[3]) {outputs=1} {
  %zero: i64[] = constant {value=0}
  %three: i64[] = constant {value=3}
  %four: i64[] = constant {value=4}
  %start: f32[] = constant {value=0.0}
  loop %zero, %three {kind="parallel"} (%i: i64[]) {
    %total: f32[] = loop %zero, %four, %start {step=2} (%j: i64[], %t: f32[]) {
      %v: f32<2> = load %x, %i, %j
      %pair: f32[] = lane_reduce %v {op="add"}
      %next: f32[] = add %t, %pair
      yield %next
    }
    store %total, %out, %i
    yield
  }
  return
}
"""


def test_loops_over_strided_memory():
    x = np.asfortranarray(np.arange(12, dtype=np.float32).reshape(3, 4))
    out = np.zeros(3, np.float32)
    assert run(SUM, x, out) == ()
    assert out.tolist() == x.sum(axis=1).tolist()


def test_branch_sees_outer_values():
    text = """
    func @f(%c: bool[], %x: f32[]) {
      %0: f32[] = branch %c () {
        %1: f32[] = neg %x
        yield %1
      } () {
        yield %x
      }
      return %0
    }"""
    assert run(text, np.bool_(True), np.float32(2)) == (-2,)
    assert run(text, np.bool_(False), np.float32(2)) == (2,)


def test_view_of_a_temporary():
    text = """
    func @f(%x: &f32[6], %out: &f32[2, 3]) {
      %b: &f32[6] temp = alloc
      %i: i64[] = constant {value=0}
      %all: f32<6> = load %x, %i
      store %all, %b, %i
      %back: &f32[2, 3 strides -1, 2] temp = view %b {offset=1}
      %one: i64[] = constant {value=1}
      %first: f32<3> = load %back, %i, %i
      %second: f32<3> = load %back, %one, %i
      store %first, %out, %i, %i
      store %second, %out, %one, %i
      return
    }"""
    out = np.zeros((2, 3), np.float32)
    run(text, np.arange(6, dtype=np.float32), out)
    assert out.tolist() == [[1, 3, 5], [0, 2, 4]]


def test_valid_lanes_touch_no_more():
    text = """
    func @f(%x: &f32[3], %out: &f32[3]) {
      %i: i64[] = constant {value=1}
      %v: f32<4> = load %x, %i {valid=2}
      store %v, %out, %i {valid=2}
      return %v
    }"""
    out = f32(9, 9, 9)
    (lanes,) = run(text, f32(1, 2, 3), out)
    assert lanes.tolist() == [2, 3, 0, 0] and out.tolist() == [9, 2, 3]


@pytest.mark.parametrize("index", [-1, 3, 2**62])
@pytest.mark.parametrize("access", ["%0: f32[] = load %b, %i", "store %x, %b, %i"])
def test_index_outside_the_buffer(access, index):
    text = f"func @f(%b: &f32[3], %x: f32[], %i: i64[]) {{ {access} return }}"
    with pytest.raises(VerifyError, match=r"leaves a buffer of \(3,\)"):
        run(text, f32(1, 2, 3), np.float32(0), np.int64(index))


@pytest.mark.parametrize(("index", "fails"), [(0, False), (1, False), (2, True)])
def test_lanes_outside_the_buffer(index, fails):
    text = "func @f(%b: &f32[3], %i: i64[]) { %0: f32<2> = load %b, %i return %0 }"
    if not fails:
        assert len(run(text, f32(1, 2, 3), np.int64(index))[0]) == 2
        return
    with pytest.raises(VerifyError, match="leaves a buffer"):
        run(text, f32(1, 2, 3), np.int64(index))


def test_write_to_constant_data_is_refused():
    with pytest.raises(JitflowError, match="cannot write to &f32"):
        run(
            "func @f(%x: f32[], %i: i64[]) { %b: &f32[2] const = global {value=[1.0, 2.0]}"
            " store %x, %b, %i return }",
        )
    array = f32(1, 2)
    array.flags.writeable = False
    with pytest.raises(VerifyError, match="read only"):
        run(
            "func @f(%b: &f32[2], %x: f32[], %i: i64[]) { store %x, %b, %i return }",
            array, np.float32(0), np.int64(0),
        )


@pytest.mark.parametrize(
    "view", ["&f32[5]", "&f32[2 strides -1]", "&f32[2 strides 4]", "&f32[99999999999]"]
)
def test_view_outside_its_base(view):
    with pytest.raises(JitflowError, match="reaches outside"):
        run(f"func @f(%b: &f32[4]) {{ %0: {view} = view %b return }}", f32(1, 2, 3, 4))


def test_view_of_an_array_with_other_strides():
    """A view is by memory: an array that is laid out otherwise would be read beyond its end."""
    text = "func @f(%b: &f32[4]) { %0: &f32[2, 2] = view %b return %0 }"
    assert run(text, f32(1, 2, 3, 4))[0].tolist() == [[1, 2], [3, 4]]
    for strided in (np.arange(8, dtype=np.float32)[::2], f32(1, 2, 3, 4)[::-1]):
        with pytest.raises(ShapeError, match="strides"):
            run(text, strided)


def test_alloc_with_negative_strides_is_refused():
    with pytest.raises(JitflowError, match="strides of alloc are at least 0"):
        run("func @f() { %0: &f32[4 strides -1] temp = alloc return }")


# Checks and effects.


def test_first_failing_check_in_program_order():
    text = """
    func @f(%a: bool[], %b: bool[]) {
      check %a {id=1, message="first"}
      check %b {id=2, message="second"}
      return
    }"""
    assert run(text, np.bool_(True), np.bool_(True)) == ()
    for flags, message in (((0, 0), "first"), ((1, 0), "second"), ((0, 1), "first")):
        with pytest.raises(CheckError, match=message):
            run(text, *map(np.bool_, flags))


def test_print(capsys):
    text = '{ %0: token = token %1: token = print %0, %x {text="x is {}"} return %1 }'
    run(f"func @f(%x: f32[2]) {text}", f32(1, 2))
    assert capsys.readouterr().out == "x is [1. 2.]\n"


@pytest.mark.parametrize("text", ["none", "{} {}", "{", "{0}", "{a}"])
def test_print_with_other_braces(text):
    with pytest.raises(JitflowError, match="print"):
        run(
            f'func @f(%x: f32[]) {{ %0: token = token %1: token = print %0, %x {{text="{text}"}}'
            " return }",
        )


def test_host_call(monkeypatch):
    text = """
    func @f(%x: &f32[3]) {
      %0: token = token
      %1: token = host_call %0, %x {callee="arrange"}
      return
    }"""
    array = f32(3, 1, 2)
    with pytest.raises(VerifyError, match="no host function 'arrange'"):
        run(text, array)
    monkeypatch.setitem(HOST_FUNCTIONS, "arrange", lambda x: x.sort())
    run(text, array)
    assert array.tolist() == [1, 2, 3]


# Arguments and sizes.


@pytest.mark.parametrize(
    "args", [(), (f32(1),), (f32(1, 2), f32(1, 2)), (np.ones(2),), (f32([1, 2]),), (np.float32(1),)]
)
def test_arguments_that_do_not_fit(args):
    with pytest.raises(ShapeError, match="takes 1 arrays|parameter x is f32"):
        run("func @f(%x: f32[2]) { return %x }", *args)


SYMBOLIC = """
func @f(%x: f32[n, m], %y: f32[m]) {
  %0: f32[n, m] = broadcast %y {shape=[n, m], axes=[1]}
  %1: f32[n, m] = add %x, %0
  %2: f32[n - 1, m] = slice %1 {start=[1, 0], stop=[n, m], step=[1, 1]}
  %3: f32[m*n - m] = reshape %2 {shape=[m*n - m]}
  return %3
}
"""


@pytest.mark.parametrize(("n", "m"), [(2, 2), (3, 5)])
def test_symbolic_sizes(n, m):
    x = np.arange(n * m, dtype=np.float32).reshape(n, m)
    (result,) = run(SYMBOLIC, x, np.ones(m, np.float32))
    assert result.tolist() == (x + 1)[1:].reshape(-1).tolist()


@pytest.mark.parametrize(
    ("n", "m", "problem"),
    [(3, (4, 5), "parameter y is f32"), (1, (4, 4), "at least 2"), (0, (4, 4), "at least 2")],
)
def test_sizes_that_contradict_each_other(n, m, problem):
    with pytest.raises(ShapeError, match=problem):
        run(SYMBOLIC, np.ones((n, m[0]), np.float32), np.ones(m[1], np.float32))


def test_size_that_no_argument_gives():
    with pytest.raises(ShapeError, match="no size for n"):
        run("func @f(%x: f32[n - 1]) { return %x }", f32(1, 2))


@pytest.mark.parametrize(
    "body",
    [
        "%1: f32[99999999999999] = neg %0",
        "%1: f32[99999999999999] = iota",
        "%1: f32[99999999999999, 2] = broadcast %0 {shape=[99999999999999, 2], axes=[0]}",
        "%1: &f32[99999999999999] temp = alloc",
        "%1: f32[99999999999999] = scan {carried=0, length=99999999999999} () {"
        " %2: f32[] = constant {value=0} yield %2 }",
    ],
)
def test_giant_arrays_are_refused_before_they_are_made(body):
    giant = "%0: f32[99999999999999] = constant {value=1.0}"
    with pytest.raises(ShapeError, match="too many to interpret"):
        run(f"func @f() {{ {giant} {body} return }}")


def test_evaluator_stands_in_for_approximate_rows_only():
    function = parse_function(
        "func @f(%x: f32[2]) { %0: f32[2] = exp %x %1: f32[2] = add %0, %0 return %1 }"
    )
    seen = []

    def evaluate(op, arrays):
        seen.append(op.name)
        return f32(3, 4)

    assert interpret(function, [f32(1, 2)], evaluate)[0].tolist() == [6, 8]
    assert seen == ["exp"]
    results = interpret(function, [f32(0, 0)], lambda op, arrays: None)
    assert results[0].tolist() == [2, 2]
