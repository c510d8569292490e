"""The error gallery: each bad input, the class of its error, the text that must be in it.

Faults inside a traced function show the user's line; faults of arguments name the argument.
"""

import math

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import MAX_LINES, DtypeError, JitflowError, ShapeError, TraceError

X = np.arange(6.0).reshape(2, 3)
OUTSIDE = np.zeros((2, 3))


def mismatch(x):
    return x + jnp.ones(4)


def product(x):
    return x @ x


def branch(x):
    if x.sum() > 0:
        return x
    return -x


def loop(x):
    while x[0, 0] < 3:
        x = x + 1
    return x


def as_float(x):
    return float(x[0, 0])


def as_int(x):
    return int(x[0, 0])


def as_size(x):
    return np.zeros(3)[: x[0, 0].astype(int)]


def as_range(x):
    return sum(range(x[0, 0].astype(int)))


def to_numpy(x):
    return list(np.ndenumerate(x))


def to_scalar_type(x):
    return np.float32(x[0, 0])


def written_into_numpy(x):
    OUTSIDE[0] = x[1]
    return OUTSIDE


def number_written_into_numpy(x):
    row = OUTSIDE[0]
    row[0] = x[1, 0]
    return row


def mathematics(x):
    return math.exp(x[0, 0])


def contained(x):
    return 3.0 in x


def missing_function(x):
    return np.busday_offset(x, 1)


def missing_method(x):
    return x.tofile("file")


def item(x):
    return x.sum().item()


def indexed_update(x):
    return x.at[0].set(1)


def formatted(x):
    return f"{x.sum():.3f}"


def output_option(x):
    return np.add(x, 1, out=OUTSIDE)


def where_option(x):
    return np.add(x, 1, where=x > 1)


def outside_in_place(x):
    outside = OUTSIDE
    outside += x
    return outside


def iterated_scalar(x):
    return list(x.sum())


def wrong_operand(x):
    return x + "text"


def wrong_index(x):
    return x[5]


def too_many_indices(x):
    return x[0, 0, 0]


def bits_of_floats(x):
    return x & 1


def written(x):
    x[0] = 1
    return x


INSIDE = [
    (mismatch, ShapeError, ["(2, 3), (4,)", "cure:"]),
    (product, ShapeError, ["(2, 3), (2, 3)"]),
    (branch, TraceError, ["Python bool", "made at", "jnp.where", "static_argnames"]),
    (loop, TraceError, ["Python bool", "jnp.where"]),
    (as_float, TraceError, ["float()", ".astype(float)"]),
    (as_int, TraceError, ["int()", ".astype(int)"]),
    (as_size, TraceError, ["index", "x.shape", "static_argnames"]),
    (as_range, TraceError, ["index", "x.shape"]),
    (to_numpy, TraceError, ["np.ndenumerate", "np.ndindex"]),
    (to_scalar_type, TraceError, [".astype"]),
    (written_into_numpy, TraceError, ["write into a NumPy array", "np.array(a)"]),
    (number_written_into_numpy, TraceError, ["a NumPy array", "row[0] = x[1, 0]", "np.array(a)"]),
    (mathematics, TraceError, ["math module", "NumPy's functions"]),
    (contained, TraceError, ["`in`"]),
    (missing_function, TraceError, ["np.busday_offset is not supported under @jit yet"]),
    (missing_method, TraceError, [".tofile is not supported under @jit yet"]),
    (item, TraceError, [".item is not supported", "has returned"]),
    (indexed_update, TraceError, [".at is not supported", "x[i] = v"]),
    (formatted, TraceError, ["the format '.3f'"]),
    (output_option, TraceError, ["np.add: out= is not supported"]),
    (where_option, TraceError, ["np.add: where= is not supported", "jnp.where"]),
    (outside_in_place, TraceError, ["np.add: out= is not supported", "a = a + x"]),
    (iterated_scalar, TraceError, ["iteration over a rank-0 array"]),
    (wrong_operand, TraceError, ["got str"]),
    (wrong_index, JitflowError, ["5"]),
    (too_many_indices, JitflowError, []),
    (bits_of_floats, DtypeError, ["float64"]),
    (written, TraceError, ["it is argument x", "x.copy()"]),
]


@pytest.mark.parametrize(("function", "kind", "texts"), INSIDE, ids=[f[0].__name__ for f in INSIDE])
def test_faults_in_a_function_show_its_line(function, kind, texts):
    with pytest.raises(kind) as caught:
        jf.jit(function)(X)
    shown = str(caught.value)
    first = function.__code__.co_firstlineno
    assert any(f"{__file__}:{first + k}: " in shown for k in range(1, 4)), shown
    assert len(shown.splitlines()) <= MAX_LINES
    for text in texts:
        assert text in shown


def passed(params):
    return params


class Opaque:
    pass


ARGUMENTS = [
    (X.astype(">f8"), DtypeError, "byte-swapped"),
    (X.astype(object), DtypeError, "dtype object"),
    (np.array(["a"]), DtypeError, "dtype <U1"),
    (np.array(["2020"], "M8[Y]"), DtypeError, "dtype datetime64"),
    (np.zeros(2, [("a", int)]), DtypeError, "not supported"),
    (np.zeros(2, np.clongdouble), DtypeError, "not supported"),
    (X.view(np.matrix), DtypeError, "matrix is not supported"),
    (np.ma.masked_array(X), DtypeError, "MaskedArray is not supported"),
    (np.recarray(2, [("a", int)]), DtypeError, "not supported"),
    ("mean", TraceError, "static_argnames"),
    (Opaque(), TraceError, "static_argnames"),
    (print, TraceError, "static_argnames"),
    ({1, 2}, TraceError, "jf.register"),
    (b"bytes", TraceError, "static_argnames"),
    (np.str_("s"), DtypeError, "not supported"),
    (np.datetime64("2020"), DtypeError, "not supported"),
]


@pytest.mark.parametrize(("value", "kind", "text"), ARGUMENTS, ids=lambda x: type(x).__name__)
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_faults_of_arguments_name_them(value, kind, text):
    with pytest.raises(kind) as caught:
        jf.jit(passed)({"w": [value]})
    assert "argument params['w'][0]" in str(caught.value)
    assert text in str(caught.value)
    assert __file__ in str(caught.value)


@pytest.mark.parametrize("value", ["text", Opaque(), print, np.str_("x"), {1}])
def test_faults_of_results_name_them(value):
    with pytest.raises(JitflowError, match=r"result\['out'\]"):
        jf.jit(lambda: {"out": value})()


@pytest.mark.parametrize("value", [[1], {"a": 1}, X, {1}])
def test_static_arguments_must_be_hashable(value):
    f = jf.jit(lambda x, config: x, static_argnames="config")
    for call in (lambda: f(X, value), lambda: f(X, config=value), lambda: f.trace(X, value)):
        with pytest.raises(TraceError, match="argument config: a static argument must be hashable"):
            call()


class Compared:
    """A class with == and no hash."""

    def __eq__(self, other):
        return self is other

    @jf.jit
    def apply(self, x):
        return x


def test_what_is_not_hashable_is_no_static_argument_either():
    for value in (type("Params", (dict,), {})(w=X), Compared(), {1.0}):
        with pytest.raises(TraceError, match=r"params.*\n  cure: .*its class \(jf.register"):
            jf.jit(passed)(value)
    with pytest.raises(TraceError, match=r"got a Compared\n  cure: .*__hash__ = object.__hash__"):
        Compared().apply(X)


def test_a_traced_static_argument_is_refused():
    inner = jf.jit(lambda x, n: x * n, static_argnums=1)
    with pytest.raises(TraceError, match="not known while tracing"):
        jf.jit(lambda x, n: inner(x, n))(X, 2)


def endless(x):
    return endless(x) + 1


@jf.jit
def endless_jit(x):
    return endless_jit(x) + 1


@pytest.mark.parametrize("function", [endless, endless_jit])
def test_recursion_without_end(function):
    with pytest.raises(TraceError, match="or without end"):
        jf.jit(function)(X)
    np.testing.assert_array_equal(jf.jit(lambda x: x + 1)(X), X + 1)


@pytest.mark.parametrize(("options", "text"), [
    ({"static_argnames": "z"}, "static_argnames names 'z', which passed does not take"),
    ({"static_argnums": 3}, "static_argnums names 3"),
    ({"static_argnums": "x"}, "static_argnums takes int"),
    ({"static_argnames": 1}, "static_argnames takes str"),
])
def test_static_options(options, text):
    with pytest.raises(TraceError, match=text):
        jf.jit(passed, **options)


@pytest.mark.parametrize("make", [
    jf.jit, jf.grad, jf.value_and_grad, jf.vmap, jf.jacfwd, jf.jacrev, jf.hessian,
    jf.elementwise_grad, jf.custom_jvp, jf.custom_vjp,
])
def test_only_functions_are_compiled(make):
    with pytest.raises(TraceError, match="takes a function, got an int"):
        make(3)


@pytest.mark.parametrize("call", [
    lambda: jf.jvp(lambda x, how: x, (X, "sum"), (X, X)),
    lambda: jf.vjp(lambda x, how: x, X, "sum"),
    lambda: jf.grad(lambda x, how: x.sum())(X, "sum"),
    lambda: jf.vmap(lambda x, how: x, (0, None))(X, "sum"),
])
def test_transforms_take_arrays(call):
    with pytest.raises(TraceError, match=r"got the str 'sum'\n  cure: leave it to the function: p"):
        call()


@pytest.mark.parametrize("argnums", ["x", (), 1.5, ("a",)])
def test_argnums_are_numbers(argnums):
    with pytest.raises(TraceError, match="argnums"):
        jf.grad(passed, argnums=argnums)


def test_wrong_arguments_are_pythons_own_error():
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        jf.jit(lambda x, y: x)(X)


def test_a_dict_that_contains_itself():
    tree = {}
    tree["self"] = tree
    with pytest.raises(TraceError, match="contains itself"):
        jf.jit(passed)(tree)


def test_a_spec_is_no_argument_of_a_call():
    f = jf.jit(lambda x: x)
    with pytest.raises(TraceError, match="stands in for an array in trace and lower"):
        f(jf.spec("f32[2]"))
    f.trace(jf.spec("f32[2]"))


def test_a_dead_array_is_no_argument():
    kept = []
    jf.jit(lambda x: kept.append(x * 3))(X)
    with pytest.raises(TraceError, match=r"made at: .*kept.append\(x \* 3\)"):
        jf.jit(passed)(kept[0])


def test_no_line_is_shown_where_none_is_known():
    class Square:
        def __call__(self, x):
            return str(x)

    with pytest.raises(TraceError, match=r"^Square: result is a str"):
        jf.jit(Square())(X)
