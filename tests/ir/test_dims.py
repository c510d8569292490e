"""Dimension expressions: Python's arithmetic, a canonical form, bounds that hold, and text."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jitflow.errors import ParseError, ShapeError
from jitflow.ir.dims import (
    OPERATIONS,
    bounds,
    dim_max,
    dim_min,
    evaluate,
    known_different,
    known_equal,
    known_positive,
    parse_dim,
    parse_dim_at,
    substitute,
    symbol,
    symbols,
)

n, m, k = symbol("n"), symbol("m"), symbol("k")
LEAVES = st.one_of(st.sampled_from(["n", "m", "k"]), st.integers(-6, 12))
TREES = st.recursive(
    LEAVES, lambda inner: st.tuples(st.sampled_from(sorted(OPERATIONS)), inner, inner), max_leaves=8
)
SIZES = st.fixed_dictionaries({name: st.integers(2, 40) for name in "nmk"})


def compute(tree, leaf):
    if not isinstance(tree, tuple):
        return leaf(tree)
    operation, left, right = tree
    return OPERATIONS[operation](compute(left, leaf), compute(right, leaf))


def build(tree):
    return compute(tree, lambda leaf: symbol(leaf) if isinstance(leaf, str) else leaf)


def built_or_none(tree):
    try:
        return build(tree)
    except ZeroDivisionError:
        return None


DIMS = TREES.map(built_or_none).filter(lambda dim: dim is not None)


@given(TREES, SIZES)
def test_every_operation_evaluates_like_python_ints(tree, sizes):
    try:
        expected = compute(tree, lambda leaf: sizes.get(leaf, leaf))
    except ZeroDivisionError:
        return
    dim = build(tree)
    assert evaluate(dim, sizes) == expected
    low, high = bounds(dim)
    assert low <= expected <= high


@given(DIMS)
def test_text_parses_back_to_the_same_object_value(dim):
    assert parse_dim(str(dim)) == dim
    assert hash(parse_dim(str(dim))) == hash(dim)


@given(DIMS, DIMS, SIZES)
def test_what_is_known_of_two_dimensions_holds(a, b, sizes):
    try:
        x, y = evaluate(a, sizes), evaluate(b, sizes)
    except ZeroDivisionError:
        return
    assert x == y or not known_equal(a, b)
    assert x != y or not known_different(a, b)
    assert x - y >= 1 or not known_positive(a - b)


@given(DIMS, DIMS, SIZES)
def test_substitution_commutes_with_evaluation(dim, replacement, sizes):
    replacement = dim_max(replacement, 2)
    try:
        inner = evaluate(replacement, sizes)
        expected = evaluate(dim, {**sizes, "n": inner})
    except ZeroDivisionError:
        return
    assert evaluate(substitute(dim, {"n": replacement}), sizes) == expected


@pytest.mark.parametrize(
    ("dim", "text"),
    [
        (n - 1, "n - 1"),
        (1 - n, "1 - n"),
        (2 * n + 1, "2*n + 1"),
        (-n, "-n"),
        (m * n - n * m * 2, "-m*n"),
        ((n * 4) // 4, "n"),
        ((n * 4) % 4, "0"),
        ((2 * n + 1) // 2, "n"),
        ((2 * n + 1) % 2, "1"),
        ((n * m + n) // n, "m + 1"),
        (n // n, "1"),
        (1 // n, "0"),
        (1 % n, "1"),
        (n // 2 // 3, "floordiv(n, 6)"),
        (n % 4 % 2, "mod(n, 2)"),
        (n // -4, "-floordiv(n + 3, 4)"),
        (dim_min(n, n), "n"),
        (dim_max(n, 1), "n"),
        (dim_max(1, n - 1), "n - 1"),
        (dim_min(5, dim_min(n, m)), "min(5, m, n)"),
        (dim_min(n, n // 2), "floordiv(n, 2)"),
        (dim_max(n - n // 2, 0), "n - floordiv(n, 2)"),
        (dim_min(n, 5) + dim_max(n - 5, 0), "max(0, n - 5) + min(5, n)"),
    ],
)
def test_simplified_text(dim, text):
    assert str(dim) == text


def test_ceiling_division_has_one_form():
    assert -(-n // 4) == (n + 3) // 4
    assert -((m - n) // 4) == (n - m + 3) // 4


def test_int_and_dim_stay_apart():
    assert n - n == 0 and type(n - n) is int
    assert n != 2 and n not in (2, "n", None)
    assert {n + 1: "a"}[1 + symbol("n")] == "a"
    assert dim_min(3, 4) == 3 and dim_max(3, 4) == 4


def test_bounds():
    assert bounds(n - 1) == (1, float("inf"))
    assert bounds(n % 4) == (0, 3)
    assert bounds(n - dim_max(n - 5, 0)) == (2, 5)
    assert known_positive(n - n // 2) and not known_positive(n - 2)
    assert known_equal(n - 4 * (n // 4), n % 4)
    assert known_different(n, n + 1) and not known_different(n, m)


def test_a_product_of_huge_sizes_has_bounds():
    assert bounds(n % 2**62 * (m % 2**62) * (10**300 * k))[1] == float("inf")


def test_symbols_and_evaluation_errors():
    assert symbols(n // (m + 1) + 3) == {"n", "m"}
    with pytest.raises(ShapeError, match=r"no size for m in dimension m \+ n"):
        evaluate(n + m, {"n": 3})
    with pytest.raises(ShapeError, match="n = 1: a symbolic size is at least 2"):
        evaluate(n, {"n": 1})
    with pytest.raises(ShapeError, match="n = m - 1"):
        substitute(n, {"n": m - 1})
    with pytest.raises(ShapeError, match="truth of dimension n"):
        bool(n)
    with pytest.raises(ShapeError, match="'max' is not a name"):
        symbol("max")


def test_copies_are_equal():
    dim = n // m + 1
    assert pickle.loads(pickle.dumps(dim)) == dim == copy.deepcopy(dim)


def test_an_expression_that_grows_without_end_is_refused():
    dim = n
    with pytest.raises(ShapeError, match="too large"):
        for _ in range(10_000):
            dim = dim_min(dim * dim, m) // k


@pytest.mark.parametrize(
    ("text", "dim"),
    [
        ("12", 12),
        (" n ", n),
        ("-n + 2", 2 - n),
        ("--n", n),
        ("(n + 1)*(n - 1)", n * n - 1),
        ("n//2 % 3 * m", n // 2 % 3 * m),
        ("-n//2", (-n) // 2),
        ("n*-2", -2 * n),
        ("max(n, m, 3)", dim_max(n, m, 3)),
        ("floordiv(n, 2) - mod(n, 2)", n // 2 - n % 2),
    ],
)
def test_parse(text, dim):
    assert parse_dim(text) == dim


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("", 1, "expected a size, a name"),
        ("n +", 4, "expected a size, a name"),
        ("2 n", 3, "expected an operator"),
        ("n ? 2", 3, "expected an operator"),
        ("(n", 3, r"expected '\)'"),
        ("min n", 5, r"expected '\('"),
        ("mod(n)", 4, "mod takes 2 arguments, not 1"),
        ("1 + n//0", 6, "divided by zero"),
        ("(n, 2)", 3, r"expected '\)'"),
        ("9" * 20, 1, "at most 19 digits"),
        ("(" * 5000, 51, "nests at most 50"),
        ("n - é", 5, "expected a size"),
    ],
)
def test_parse_error(text, column, problem):
    with pytest.raises(ParseError, match=problem) as caught:
        parse_dim(text)
    assert (caught.value.line, caught.value.column) == (1, column)


def test_parse_inside_a_longer_text():
    text = "line\nf32[n + 1, 4]"
    dim, end = parse_dim_at(text, text.index("n +"))
    assert dim == n + 1 and text[end:] == ", 4]"
    with pytest.raises(ParseError) as caught:
        parse_dim_at("line\nf32[, 4]", 9)
    assert (caught.value.line, caught.value.column) == (2, 5)
