"""Gradients of whole functions: a network, higher orders, long programs, refusals."""

import time
from math import comb, factorial

import numpy as np
import pytest

from jitflow.errors import CheckError, DerivativeError
from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import f32, f64
from jitflow.ir.interpreter import interpret
from jitflow.ir.location import Location
from jitflow.ir.parser import parse_function
from jitflow.ir.printer import format_function
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import TensorType
from jitflow.ir.verifier import verify
from jitflow.passes.dce import dce
from jitflow.passes.differentiate import gradient
from jitflow.passes.linearize import linearize
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import TENSOR
from jitflow.passes.transpose import transpose

SCALAR = TensorType(f64)

MLP = """
func @loss(%w1: f64[4, 5], %b1: f64[5], %w2: f64[5, 3], %b2: f64[3],
           %x: f64[{n}, 4], %labels: i64[{n}]) {{
  %0: f64[{n}, 5] = dot_general %x, %w1 {{contract=[[1], [0]]}}
  %1: f64[{n}, 5] = broadcast %b1 {{shape=[{n}, 5], axes=[1]}}
  %2: f64[{n}, 5] = add %0, %1
  %hidden: f64[{n}, 5] = tanh %2
  %3: f64[{n}, 3] = dot_general %hidden, %w2 {{contract=[[1], [0]]}}
  %4: f64[{n}, 3] = broadcast %b2 {{shape=[{n}, 3], axes=[1]}}
  %logits: f64[{n}, 3] = add %3, %4
  %5: f64[{n}] = reduce_max %logits {{axes=[1]}}
  %6: f64[{n}, 3] = broadcast %5 {{shape=[{n}, 3], axes=[0]}}
  %7: f64[{n}, 3] = sub %logits, %6
  %8: f64[{n}, 3] = exp %7
  %9: f64[{n}] = reduce_sum %8 {{axes=[1]}}
  %10: f64[{n}] = log %9
  %11: f64[{n}, 3] = broadcast %10 {{shape=[{n}, 3], axes=[0]}}
  %logp: f64[{n}, 3] = sub %7, %11
  %classes: i64[{n}, 3] = iota {{axis=1}}
  %12: i64[{n}, 3] = broadcast %labels {{shape=[{n}, 3], axes=[0]}}
  %13: bool[{n}, 3] = eq %classes, %12
  %onehot: f64[{n}, 3] = convert %13 {{dtype=f64}}
  %14: f64[{n}, 3] = mul %logp, %onehot
  %15: f64[] = reduce_sum %14 {{axes=[0, 1]}}
  %loss: f64[] = neg %15
  return %loss, %logits
}}
"""


def network(n):
    return verify(parse_function(MLP.format(n=n)))


def network_arrays(n, rng):
    shapes = [(4, 5), (5,), (5, 3), (3,), (n, 4)]
    return [*(rng.normal(size=s) for s in shapes), rng.integers(0, 3, size=n)]


def network_gradients(w1, b1, w2, b2, x, labels):
    """The same by hand."""
    hidden = np.tanh(x @ w1 + b1)
    logits = hidden @ w2 + b2
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    error = shifted / shifted.sum(1, keepdims=True) - np.eye(3)[labels]
    back = (error @ w2.T) * (1 - hidden**2)
    return x.T @ back, back.sum(0), hidden.T @ error, error.sum(0)


@pytest.mark.parametrize("n", [1, 7])
def test_network_gradient_is_the_one_by_hand(n):
    arrays = network_arrays(n, np.random.default_rng(n))
    function = network(n)
    loss, logits, *found = interpret(verify(gradient(function, wrt=(0, 1, 2, 3))), arrays)
    np.testing.assert_array_equal(loss, interpret(function, arrays)[0])
    for got, want in zip(found, network_gradients(*arrays), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)


def test_network_gradient_with_a_symbolic_batch():
    function = verify(gradient(network("n"), wrt=(0, 1, 2, 3)))
    types = [str(value.type) for value in function.results[2:]]
    assert types == ["f64[4, 5]", "f64[5]", "f64[5, 3]", "f64[3]"]


def test_network_gradient_has_a_product_per_operand_and_no_transpose():
    rows = [op.row.name for op in dce(gradient(network(7), wrt=(0, 1, 2, 3), values=False)).ops]
    assert rows.count("dot_general") == 2 + 3 and "transpose" not in rows


@pytest.mark.parametrize("n", [7, 700])
def test_network_gradient_after_the_tensor_passes(n):
    """The seed 1 folds into the constants around it, whatever the size."""
    derived = gradient(network(n), wrt=(0, 1, 2, 3), values=False)
    lean = run_pipeline(TENSOR, derived, verify_each=True)
    arrays = network_arrays(n, np.random.default_rng(n))
    for got, want in zip(interpret(lean, arrays), network_gradients(*arrays), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12)
    constants = [op.results[0] for op in lean.ops if op.row.family is Family.CREATION]
    views = [op for op in lean.ops if op.row.family is Family.VIEW]
    assert not any(op.operands[0] in constants for op in views)


def test_primal_ops_stay_the_same_objects():
    function = network(7)
    derived = gradient(function, wrt=(0,))
    kept = [op for op in derived.ops if op in set(function.ops)]
    assert kept == list(function.ops)


def power(exponent):
    b = Builder()
    x = b.param(SCALAR, "x")
    value = x
    for _ in range(exponent - 1):
        value = b.mul(value, x)
    return b.build("power", [b.mul(value, b.sin(x))])


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_gradients_of_gradients(order):
    """d^n (x**4 sin x) by Leibniz."""
    function = power(4)
    for _ in range(order):
        function = dce(verify(gradient(function, values=False)))
    x = 0.7
    want = sum(
        comb(order, k) * factorial(4) / factorial(4 - k) * x ** (4 - k)
        * np.sin(x + (order - k) * np.pi / 2)
        for k in range(order + 1)
    )
    np.testing.assert_allclose(interpret(function, [np.float64(x)])[0], want, rtol=1e-12)


def test_a_parameter_without_influence_has_zeros():
    b = Builder()
    x = b.param(SCALAR, "x")
    b.param(TensorType(f32, (2, 3)), "y")
    function = verify(gradient(b.build("f", [b.mul(x, x)]), wrt=(1, 0)))
    value, by_y, by_x = interpret(function, [np.float64(3), np.ones((2, 3), np.float32)])
    assert value == 9 and by_x == 6
    assert by_y.dtype == np.float32 and by_y.shape == (2, 3) and not by_y.any()


def test_a_result_that_is_the_parameter():
    b = Builder()
    x = b.param(SCALAR, "x")
    function = b.build("f", [x])
    assert interpret(gradient(function), [np.float64(3)]) == (3, 1)


def test_checks_stay_and_fail_first():
    b = Builder()
    x = b.param(SCALAR, "x")
    b.check(b.gt(x, b.constant(0.0)), id=1, message="not positive")
    function = gradient(b.build("f", [b.log(x)]), values=False)
    assert interpret(dce(function), [np.float64(2)]) == (0.5,)
    with pytest.raises(CheckError, match="not positive"):
        interpret(dce(function), [np.float64(-2)])


def test_tangent_ops_carry_the_line_of_their_primal():
    function = parse_function(MLP.format(n=7), "net.jf")
    derived = gradient(function, wrt=(0, 1, 2, 3))
    assert all(op.locations for op in derived.ops)
    verify(derived, need_locations=True)


def test_ten_thousand_ops_are_an_ordinary_size():
    b = Builder()
    x = b.param(SCALAR, "x")
    value = x
    for _ in range(5_000):
        value = b.mul(b.sin(value), x)
    function = b.build("chain", [value])
    start = time.process_time()
    derived = gradient(function)
    assert time.process_time() - start < 5
    assert len(derived.ops) < 5 * len(function.ops)


def test_a_value_with_many_uses_sums_all():
    b = Builder()
    x = b.param(SCALAR, "x")
    square = b.mul(x, x)
    total = square
    for _ in range(1_000):
        total = b.add(total, square)
    assert interpret(gradient(b.build("f", [total])), [np.float64(3)])[1] == 6 * 1001


@pytest.mark.parametrize(
    "op",
    [
        "f32[n, 2] = slice %x {start=[0, 1], stop=[n, 3], step=[1, 1]}",
        "f32[n - 1, 4] = slice %x {start=[1, 0], stop=[n, 4], step=[1, 1]}",
        "f32[n] = reduce_prod %x {axes=[1]}",
        "f32[4] = reduce_max %x {axes=[0]}",
        "f32[4, n] = transpose %x {axes=[1, 0]}",
        "f32[2*n, 4] = concatenate %x, %x {axis=0}",
        "f32[4*n] = reshape %x {shape=[4*n]}",
        "f32[n, 6] = pad %x, %v {low=[0, 1], high=[0, 1], interior=[0, 0]}",
        "f32[n + 2, 4] = pad %x, %v {low=[1, 0], high=[1, 0], interior=[0, 0]}",
        "f32[3, n, 4] = broadcast %x {shape=[3, n, 4], axes=[1, 2]}",
    ],
)
def test_rules_hold_for_symbolic_sizes(op):
    text = f"func @f(%x: f32[n, 4], %v: f32[]) {{\n  %0: {op}\n  return %0\n}}\n"
    linear = verify(linearize(verify(parse_function(text)), wrt=(0, 1)))
    found = verify(transpose(linear))
    assert [str(v.type) for v in found.results[1:]] == ["f32[n, 4]", "f32[]"]
    assert parse_function(format_function(found)) == found


# What is refused.


def test_a_product_of_unknown_length_is_refused_at_its_line():
    refused(
        "func @f(%x: f64[n]) {\n  %0: f64[] = reduce_prod %x {axes=[0]}\n  return %0\n}\n",
        r"user\.jf:2(.|\n)*product of n factors needs a static size",
    )


def refused(text, match, **options):
    with pytest.raises(DerivativeError, match=match):
        gradient(parse_function(text, "user.jf"), **options)


def test_an_integer_parameter():
    refused("func @f(%x: i64[], %y: f64[]) {\n  return %y\n}\n", "parameter 0 is i64")


def test_a_missing_parameter():
    refused("func @f(%y: f64[]) {\n  return %y\n}\n", "no parameter 1; there are 1", wrt=(1,))


def test_a_parameter_named_twice():
    refused("func @f(%y: f64[]) {\n  return %y\n}\n", "twice", wrt=(0, 0))


def test_a_result_that_is_no_scalar():
    refused("func @f(%y: f64[2]) {\n  return %y\n}\n", "gradient is of a scalar")


def test_a_result_that_is_a_token():
    refused("func @f(%y: f64[]) {\n  %0: token = token\n  return %0\n}\n", "result 0 is token")


def test_a_complex_result():
    refused("func @f(%y: c128[]) {\n  return %y\n}\n", "a gradient is of a real number")


LOOP = """
func @f(%x: f64[], %n: f64[]) {
  %small: f64[] = while %x (%s: f64[]) {
    %0: bool[] = lt %s, %s
    yield %0
  } (%s: f64[]) {
    %0: f64[] = add %s, %s
    yield %0
  }
  %3: f64[] = mul %n, %n
  return %3, %small
}
"""


def test_a_loop_is_refused_at_its_line():
    refused(LOOP, r"user\.jf:3(.|\n)*while: is not differentiable yet", output=1)


def test_a_loop_that_the_output_or_the_parameters_do_not_reach_is_no_obstacle():
    function = parse_function(LOOP)
    arrays = [np.float64(1), np.float64(3)]
    assert interpret(gradient(function, wrt=(0, 1)), arrays)[2:] == (0, 6)
    assert interpret(gradient(function, wrt=(1,), output=1), arrays)[2:] == (0,)


def test_transpose_refuses_what_is_not_linear():
    for body in ("mul %t, %t", "exp %t", "add %t, %x", "div %x, %t"):
        function = parse_function(
            "func @f(%x: f64[], %t: f64[]) {linear=[1], tangents=[0]} {\n"
            f"  %0: f64[] = {body}\n  return %0\n}}\n", "user.jf"
        )
        with pytest.raises(DerivativeError, match=r"user\.jf:2(.|\n)*is not linear"):
            transpose(function)


def test_transpose_refuses_a_function_that_was_not_linearized():
    with pytest.raises(DerivativeError, match="run linearize first"):
        transpose(power(2))


def test_transpose_refuses_a_tangent_among_the_values():
    function = parse_function(
        "func @f(%t: f64[]) {linear=[0], tangents=[0]} {\n  return %t, %t\n}\n"
    )
    with pytest.raises(DerivativeError, match="depends on a tangent"):
        transpose(function)


def test_locations_name_the_user_line_of_the_refused_op():
    b = Builder(locations=(Location("model.py", 12),))
    x = b.param(SCALAR, "x")
    inner = b.nested([SCALAR])
    op = b.emit(ROWS["call"], (x,), {"name": "g"}, (inner.region([inner.params[0]]),))
    with pytest.raises(DerivativeError, match=r"model\.py:12(.|\n)*call(.|\n)*inlined"):
        linearize(b.build("f", op.results))


def test_what_nobody_uses_is_neither_differentiated_nor_there():
    text = """
    func @f(%x: f64[4]) {
      %0: f64[4] = sin %x
      %1: f64[4] = exp %0
      %2: f64[4] = mul %x, %x
      %3: f64[] = reduce_sum %2 {axes=[0]}
      return %3
    }"""
    found = gradient(parse_function(text), values=False)
    assert {"sin", "exp", "cos", "reduce_sum"}.isdisjoint(op.row.name for op in found.ops)
    x = np.arange(4.0)
    np.testing.assert_array_equal(interpret(found, [x])[0], 2 * x)
