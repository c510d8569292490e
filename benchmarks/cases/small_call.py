"""What a call costs when there is next to nothing to compute."""

from functools import partial

import forms
import numpy as np
from case import Bar, Case, Run

FOUR = np.arange(4, dtype=np.float32)
LENGTHS = range(4, 20)


def add_one(x):
    return x + 1


def add_one_in_f32(x):
    """With a constant of the array's dtype, as numba wants it."""
    return x + np.float32(1)


def sum_of_six(a, b, c, d, e, f):
    return a + b + c + d + e + f


def last_bias(params):
    return params["layers"][5]["b"] + 1


def tree(leaf) -> dict:
    """The parameters of a network: twelve arrays."""
    return {"layers": tuple({"w": leaf, "b": leaf} for _ in range(6))}


def rows(function, arguments, numba):
    """Every library on arguments that are always the same."""

    def called(form, function=function):
        return lambda seed: form(function, arguments)

    return {
        "jitflow": called(forms.jitflow),
        "numpy": called(forms.numpy),
        "jax": called(forms.jax),
        "numba njit": called(forms.numba_njit, numba),
        "torch eager": called(forms.torch_eager),
        "torch compiled": called(forms.torch_compiled),
    }


def case(name: str, title: str, function, arguments, numba=None, **more) -> Case:
    found = rows(function, arguments, numba or function)
    left_out = more.get("left_out", {})
    return Case(
        name=name,
        title=title,
        reference=lambda seed: function(*arguments),
        rows={row: setup for row, setup in found.items() if row not in left_out},
        **more,
    )


def after_others(form):
    """A function that has been called with arrays of all lengths, on the first of them."""

    def setup(seed: int) -> Run:
        runs = form([np.arange(n, dtype=np.float32) for n in LENGTHS])
        for run in runs:
            run()
        return runs[0]

    return setup


def by_jitflow(arrays) -> list[Run]:
    import jitflow as jf

    function = jf.jit(add_one)
    return [partial(function, x) for x in arrays]


def by_jax(arrays) -> list[Run]:
    jax = forms.import_jax()
    function = jax.jit(add_one)
    return [lambda x=x: function(x).block_until_ready() for x in map(jax.device_put, arrays)]


CASES = (
    case(
        "small_call", "x + 1 on f32[4]: the price of a call", add_one, [FOUR],
        numba=add_one_in_f32, bars=(Bar("numpy", 1 / 6),),
    ),
    case("small_call_6", "the sum of six f32[4]", sum_of_six, [FOUR] * 6),
    case(
        "small_call_tree", "one of 12 f32[4] in a dict of tuples of dicts", last_bias, [tree(FOUR)],
        left_out={
            "numba njit": "it takes no dicts of several types",
            "torch eager": "it has NumPy's text", "torch compiled": "it has NumPy's text",
        },
    ),
    Case(
        name="small_call_16",
        title=f"x + 1 on f32[4], after the same on {len(LENGTHS)} lengths",
        reference=lambda seed: add_one(FOUR),
        rows={"jitflow": after_others(by_jitflow), "jax": after_others(by_jax)},
        left_out={"numba": "it compiles for ranks, not lengths", "torch compiled": "likewise"},
    ),
)  # fmt: skip
