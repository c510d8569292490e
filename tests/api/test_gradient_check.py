"""check_grads: passes what is right, in both modes and every order, and finds what is wrong."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import DtypeError, GradientError, TraceError

X = np.arange(1.0, 4.0)


def tree_function(p, y):
    return {"a": jnp.sin(p["w"]) * y, "b": (p["w"] ** 3).sum(), "n": 3}


def test_what_is_right_passes():
    jf.check_grads(tree_function, ({"w": X}, 2.0), 2)
    jf.check_grads(lambda x: jnp.exp(x) * x, (X,), 3, modes="rev")
    jf.check_grads(jf.jit(jnp.tanh), (X,), 3, modes=["fwd"])
    jf.check_grads(jnp.tanh, (X.astype(np.float32),), 2)
    jf.check_grads(lambda x: np.ones(2), (X,), 1)


def wrong(factor, bend=0.0):
    """sin with a derivative of `factor` times the right one, and of `bend` in its second one."""
    f = jf.custom_jvp(jnp.sin)

    @f.defjvp
    def _(primals, tangents):
        (x,), (t,) = primals, tangents
        return f(x), factor * jnp.cos(x + bend * (x - jf.stop_gradient(x))) * t

    return f


@pytest.mark.parametrize(("factor", "bend", "modes", "order", "text"), [
    (1.01, 0, "fwd", 1, "the jvp differs"),
    (1.01, 0, "rev", 1, "the vjp differs"),
    (1, 0.1, "fwd", 2, "the jvp of jvp differs"),
    (1, 0.1, "rev", 2, "the vjp of vjp differs"),
])  # fmt: skip
def test_what_is_wrong_is_found(factor, bend, modes, order, text):
    jf.check_grads(wrong(1), (X,), 2)
    if order == 2:
        jf.check_grads(wrong(factor, bend), (X,), 1)
    with pytest.raises(GradientError, match=f"{text} from differences at result"):
        jf.check_grads(wrong(factor, bend), (X,), order, modes)
    with pytest.raises(AssertionError):
        jf.check_grads(wrong(factor, bend), (X,), order, modes)


def test_a_derivative_of_another_shape_is_found_and_tolerances_count():
    jf.check_grads(wrong(1.01), (X,), 1, atol=0.1, rtol=0.1)
    with pytest.raises(GradientError):
        jf.check_grads(jnp.sin, (X,), 1, eps=1.0)


@pytest.mark.parametrize(("call", "kind", "text"), [
    (lambda: jf.check_grads(jnp.sin, X, 1), TraceError, "args is a tuple"),
    (lambda: jf.check_grads(jnp.sin, (X,), 1, "up"), TraceError, "modes are 'fwd' and 'rev'"),
    (lambda: jf.check_grads(3, (X,), 1), TraceError, "takes a function"),
    (lambda: jf.check_grads(jnp.sin, (np.arange(3),), 1), DtypeError, "no derivative by integers"),
])  # fmt: skip
def test_refusals(call, kind, text):
    with pytest.raises(kind, match=text):
        call()
