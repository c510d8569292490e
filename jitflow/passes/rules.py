"""The simplification rules, one a line: name, pattern, result, dtype kinds. Grammar: pattern.py.

An exact rule keeps every bit (NaN, -0.0 and inf included); a result never costs more than its
pattern. Facts come from the op table: a new row that states an identity gets its rules by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from jitflow.ir.row import ROWS, Family, OpRow
from jitflow.passes import part_rules as parts
from jitflow.passes import value_rules as values
from jitflow.passes import view_rules as views
from jitflow.passes.pattern import ROW_BY_METHOD, Rule

INTEGERS = "iu"
FLOATS = "f"
REALS = "iuf"
BOOL = "b"
DISCRETE = "biu"
ANY_REAL = "biuf"


def _facts(method: str, row: OpRow) -> Iterator[Rule]:
    """The rules that follow from what a row says of itself."""
    if row.commutative:
        yield Rule(f"{row.name}_constant_right", f"{method}(C, x)", values.swap)
    if row.identity is not None and row.commutative:
        yield Rule(f"{row.name}_identity", f"{method}(x, unit)", "x", ANY_REAL)
    if row.involution:
        yield Rule(f"{row.name}_involution", f"{method}({method}(x))", values.undo)
    if row.idempotent and row.arity == 1:
        yield Rule(f"{row.name}_idempotent", f"{method}({method}(x))", f"{method}(x)")
    if row.idempotent and row.arity == 2:
        yield Rule(f"{row.name}_idempotent", f"{method}(x, x)", "x")
    if row.associative and row.commutative:
        exact_kinds = ANY_REAL if row.idempotent else DISCRETE
        pattern = f"{method}({method}(x, C), D)"
        yield Rule(f"{row.name}_associative", pattern, values.regroup, exact_kinds)


FACTS: tuple[Rule, ...] = tuple(
    rule for method, row in ROW_BY_METHOD.items() for rule in _facts(method, row)
)

# fmt: off
ALGEBRA: tuple[Rule, ...] = (
    Rule("sub_zero", "sub(x, 0)", "x", REALS),                        # -0.0 - 0.0 = -0.0
    Rule("sub_from_zero", "sub(0, x)", "neg(x)", INTEGERS),           # 0.0 - 0.0 is not -0.0
    Rule("sub_from_negative_zero", "sub(-0.0, x)", "neg(x)", FLOATS),
    Rule("sub_self", "sub(x, x)", "0", INTEGERS),                     # inf - inf is NaN
    Rule("sub_neg", "sub(x, neg(y))", "add(x, y)", REALS),
    Rule("add_neg", "add(x, neg(y))", "sub(x, y)", REALS),
    Rule("add_neg_left", "add(neg(x), y)", "sub(y, x)", REALS),
    Rule("neg_sub", "neg(sub(x, y))", "sub(y, x)", INTEGERS),         # -(x - x) is -0.0
    Rule("mul_zero", "mul(x, 0)", "0", INTEGERS),                     # inf * 0 is NaN
    Rule("mul_minus_one", "mul(x, -1)", "neg(x)", "if"),
    Rule("mul_neg_constant", "mul(neg(x), C)", values.negate_constant, REALS),
    Rule("neg_mul_constant", "neg(mul(x, C))", values.negate_constant, REALS),
    Rule("mul_neg_neg", "mul(neg(x), neg(y))", "mul(x, y)", REALS),
    Rule("div_one", "div(x, 1)", "x", FLOATS),
    Rule("div_minus_one", "div(x, -1)", "neg(x)", FLOATS),
    Rule("div_neg_neg", "div(neg(x), neg(y))", "div(x, y)", FLOATS),
    Rule("div_power_of_two", "div(x, C)", values.multiply_by_reciprocal, FLOATS),
    Rule("fma_one", "fma(x, 1, z)", "add(x, z)", FLOATS),
    Rule("fma_zero", "fma(x, y, -0.0)", "mul(x, y)", FLOATS),
    Rule("abs_unsigned", "abs(x)", "x", "u"),
    Rule("abs_neg", "abs(neg(x))", "abs(x)", "if"),
    Rule("abs_copysign", "abs(copysign(x, y))", "abs(x)", FLOATS),
    Rule("abs_square", "abs(mul(x, x))", "mul(x, x)", FLOATS),
    Rule("copysign_abs", "copysign(abs(x), y)", "copysign(x, y)", FLOATS),
    Rule("copysign_neg", "copysign(neg(x), y)", "copysign(x, y)", FLOATS),
    Rule("and_zero", "and_(x, 0)", "0", DISCRETE),
    Rule("and_not_self", "and_(x, not_(x))", "0", DISCRETE),
    Rule("or_true", "or_(x, True)", "True", BOOL),
    Rule("or_not_self", "or_(x, not_(x))", "True", BOOL),
    Rule("xor_self", "xor(x, x)", "0", DISCRETE),
    Rule("xor_true", "xor(x, True)", "not_(x)", BOOL),
    Rule("shift_left_zero", "shift_left(x, 0)", "x", INTEGERS),
    Rule("shift_right_zero", "shift_right(x, 0)", "x", INTEGERS),

    Rule("not_eq", "not_(eq(x, y))", "ne(x, y)"),                     # NaN: both true
    Rule("not_ne", "not_(ne(x, y))", "eq(x, y)"),
    Rule("not_lt", "not_(lt(x, y))", values.negate_order),            # NaN: not (x < y) holds
    Rule("not_le", "not_(le(x, y))", values.negate_order),
    Rule("not_gt", "not_(gt(x, y))", values.negate_order),
    Rule("not_ge", "not_(ge(x, y))", values.negate_order),
    Rule("lt_constant_right", "lt(C, x)", values.flip_order),
    Rule("le_constant_right", "le(C, x)", values.flip_order),
    Rule("gt_constant_right", "gt(C, x)", values.flip_order),
    Rule("ge_constant_right", "ge(C, x)", values.flip_order),
    Rule("eq_self", "eq(x, x)", "True", DISCRETE),                    # NaN is not itself
    Rule("ne_self", "ne(x, x)", "False", DISCRETE),
    Rule("lt_self", "lt(x, x)", "False"),                             # NaN: false
    Rule("gt_self", "gt(x, x)", "False"),
    Rule("le_self", "le(x, x)", "True", DISCRETE),
    Rule("ge_self", "ge(x, x)", "True", DISCRETE),
    Rule("lt_unsigned", "lt(x, 0)", "False", "u"),
    Rule("ge_unsigned", "ge(x, 0)", "True", "u"),
    Rule("lt_in_range", "lt(x, C)", values.decide, INTEGERS),
    Rule("le_in_range", "le(x, C)", values.decide, INTEGERS),
    Rule("gt_in_range", "gt(x, C)", values.decide, INTEGERS),
    Rule("ge_in_range", "ge(x, C)", values.decide, INTEGERS),
    Rule("minimum_in_range", "minimum(x, C)", values.choose_extreme, INTEGERS),
    Rule("maximum_in_range", "maximum(x, C)", values.choose_extreme, INTEGERS),
    Rule("clamp_in_range", "clamp(C, x, D)", values.keep_inside, INTEGERS),
    Rule("eq_true", "eq(x, True)", "x", BOOL),
    Rule("eq_false", "eq(x, False)", "not_(x)", BOOL),
    Rule("ne_true", "ne(x, True)", "not_(x)", BOOL),
    Rule("ne_false", "ne(x, False)", "x", BOOL),

    Rule("select_same", "select(c, x, x)", "x"),
    Rule("select_true", "select(True, x, y)", "x"),
    Rule("select_false", "select(False, x, y)", "y"),
    Rule("select_not", "select(not_(c), x, y)", "select(c, y, x)"),
    Rule("select_nested_true", "select(c, select(c, x, y), z)", "select(c, x, z)"),
    Rule("select_nested_false", "select(c, x, select(c, y, z))", "select(c, x, z)"),
    Rule("select_is_condition", "select(c, True, False)", "c", BOOL),
    Rule("select_is_not", "select(c, False, True)", "not_(c)", BOOL),
    Rule("select_is_and", "select(c, x, False)", "and_(c, x)", BOOL),
    Rule("select_is_or", "select(c, True, x)", "or_(c, x)", BOOL),

    Rule("convert_same", "convert(x)", views.same_type),
    Rule("convert_chain", "convert(convert(x))", values.convert_once),
    Rule("bitcast_same", "bitcast(x)", views.same_type),
    Rule("bitcast_chain", "bitcast(bitcast(x))", values.bitcast_once),
    Rule("constant_splat", "constant()", values.compress),
    Rule("any_lane_scalar", "any_lane(x)", views.same_type),
    Rule("any_lane_splat", "any_lane(splat(x))", "x"),
    Rule("extract_splat", "extract(splat(x))", "x"),
)

VIEWS: tuple[Rule, ...] = (
    Rule("broadcast_same", "broadcast(x)", views.same_type),
    Rule("broadcast_adds_ones", "broadcast(x)", views.broadcast_as_reshape),
    Rule("broadcast_broadcast", "broadcast(broadcast(x))", views.broadcast_once),
    Rule("broadcast_of_added_axes", "broadcast(reshape(x))", views.broadcast_without_ones),
    Rule("reshape_same", "reshape(x)", views.same_type),
    Rule("reshape_reshape", "reshape(reshape(x))", views.reshape_once),
    Rule("transpose_same", "transpose(x)", views.transpose_nothing),
    Rule("transpose_moves_ones", "transpose(x)", views.transpose_as_reshape),
    Rule("transpose_transpose", "transpose(transpose(x))", views.transpose_once),
    Rule("transpose_broadcast", "transpose(broadcast(x))", views.broadcast_transposed),
    Rule("transpose_dot", "transpose(dot_general(x, y))", views.dot_swapped),
    Rule("reverse_short_axes", "reverse(x)", views.reverse_less),
    Rule("slice_same", "slice(x)", views.same_type),
    Rule("slice_slice", "slice(slice(x))", views.slice_once),
    Rule("pad_same", "pad(x, y)", views.same_type),
    Rule("concatenate_less", "concatenate()", views.concatenate_less),
    Rule("update_all", "update(x, y)", parts.update_all),
    Rule("scatter_nothing", "scatter()", parts.scatter_nothing),
    Rule("gather_equal", "gather()", parts.gather_equal),
    Rule("gather_one", "gather()", parts.gather_one),
    Rule("dynamic_slice_known", "dynamic_slice()", parts.slice_at_known),
    Rule("dynamic_update_known", "dynamic_update()", parts.update_at_known),
    Rule("dot_transposed_left", "dot_general(transpose(x), y)", views.dot_left),
    Rule("dot_transposed_right", "dot_general(x, transpose(y))", views.dot_right),
)
# fmt: on


def _added_axes(method: str, row: OpRow) -> Iterator[Rule]:
    """One rule in all rows: axes of extent 1 come after elementwise ops, next to a broadcast."""
    letters = "xyz"[: row.arity]
    for index in range(len(letters)):
        operands = [f"reshape({x})" if k == index else x for k, x in enumerate(letters)]
        pattern = f"{method}({', '.join(operands)})"
        yield Rule("elementwise_of_added_axes", pattern, views.without_ones)


ADDED_AXES: tuple[Rule, ...] = tuple(
    rule
    for method, row in ROW_BY_METHOD.items()
    if row.family is Family.ELEMENTWISE
    for rule in _added_axes(method, row)
)


def _reductions(name: str) -> Iterator[Rule]:
    """Sums and products of floats are no exact rows: their order of additions is their own."""
    kinds = ANY_REAL if ROWS[name].exact else INTEGERS
    yield Rule(f"{name}_of_ones", f"{name}(x)", views.reduce_as_reshape, kinds)
    yield Rule(f"{name}_twice", f"{name}({name}(x))", views.reduce_once, kinds)


REDUCTIONS: tuple[Rule, ...] = tuple(
    rule
    for name in (
        "reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_any", "reduce_all",
    )
    for rule in _reductions(name)
)

DECIDED: tuple[Rule, ...] = (
    Rule("reduce_all_bounds", "reduce_all(and_(x, y))", values.each_bound),
    *(
        Rule(f"reduce_all_{name}", f"reduce_all({name}(x, C))", values.bound_extreme)
        for name in ("lt", "le", "gt", "ge")
    ),
    Rule("reduce_all_true", "reduce_all(True)", "True"),
    Rule("reduce_any_false", "reduce_any(False)", "False"),
)

# fmt: off
FAST: tuple[Rule, ...] = (
    Rule("add_associative_fast", "add(add(x, C), D)", values.regroup, FLOATS, exact=False),
    Rule("mul_associative_fast", "mul(mul(x, C), D)", values.regroup, FLOATS, exact=False),
    Rule("sub_self_fast", "sub(x, x)", "0", FLOATS, exact=False),
    Rule("mul_zero_fast", "mul(x, 0)", "0", FLOATS, exact=False),
    Rule("neg_sub_fast", "neg(sub(x, y))", "sub(y, x)", FLOATS, exact=False),
    Rule("div_constant_fast", "div(x, C)", values.multiply_by_inverse, FLOATS, exact=False),
)
# fmt: on

RULES: tuple[Rule, ...] = (*FACTS, *ALGEBRA, *VIEWS, *ADDED_AXES, *REDUCTIONS, *DECIDED, *FAST)
