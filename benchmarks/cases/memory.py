"""The most memory that a process ever holds: libraries, compilers, temporaries, results."""

import forms
import numpy as np
from case import Bar, Case, Kind, Run

from cases import first_call

SIZE = 16_000_000


def inputs(seed: int) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).random((2, SIZE), np.float32))


def triad(x, y):
    return 2 * x + y * x - 1


def triad_in_f32(x, y):
    """With constants of the arrays' dtype, as numba wants them."""
    return np.float32(2) * x + y * x - np.float32(1)


def with_numexpr(seed: int) -> Run:
    x, y = inputs(seed)
    return forms.numexpr("2 * x + y * x - 1", {"x": x, "y": y})


def called(form, function=triad):
    return lambda seed: form(function, inputs(seed))


ROWS = {
    "jitflow": called(forms.jitflow),
    "numpy": called(forms.numpy),
    "jax": called(forms.jax),
    "numexpr": with_numexpr,
    "numba njit": called(forms.numba_njit, triad_in_f32),
    "numba vectorize": called(forms.numba_vectorize, triad_in_f32),
    "torch eager": called(forms.torch_eager),
    "torch compiled": called(forms.torch_compiled),
}


def nothing(seed: int) -> Run:
    return lambda: None


def peak(name: str, title: str, reference, rows) -> Case:
    return Case(
        name=name,
        title=title,
        reference=reference,
        rows=rows,
        before=dict.fromkeys(rows, nothing),
        kind=Kind.PEAK_MEMORY,
        tolerance=1e-4,
        rounds=3,
        fewer_rounds={"torch compiled": 1},
    )


CASES = (
    Case(
        name="stream",
        title=f"2 * x + y * x - 1 on f32[{SIZE:,}], a fresh result each call",
        reference=lambda seed: triad(*inputs(seed)),
        rows=ROWS,
        tolerance=1e-5,
        rounds=9,
        bars=tuple(Bar(peer, 1 / 3) for peer in ("jax", "numba", "numexpr", "torch", "numpy")),
    ),
    peak(
        "peak_memory_stream", f"most memory of a process: 2 * x + y * x - 1 on f32[{SIZE:,}]",
        lambda seed: triad(*inputs(seed)), ROWS,
    ),
    peak(
        "peak_memory_compile", "most memory of a process: first call of 1000 elementwise ops",
        lambda seed: first_call.with_numpy(1000, seed)(),
        first_call.of_length(1000, {"numpy": first_call.with_numpy} | first_call.LIBRARIES),
    ),
)  # fmt: skip
