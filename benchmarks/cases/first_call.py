"""First calls of functions never seen before: trace, compile, run, with the result in hand."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import forms
import numpy as np
from case import Bar, Case, Kind, Run, Setup
from machine import STORE
from programs import chain

SIZE = 1000
FILLING = "JITFLOW_BENCHMARKS_FILL_THE_STORE"


def inputs(seed: int) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).random((2, SIZE), np.float32))


def with_numpy(ops: int, seed: int) -> Run:
    return forms.numpy(chain(np, ops, seed), inputs(seed))


def with_jitflow(ops: int, seed: int) -> Run:
    return forms.jitflow(chain(np, ops, seed), inputs(seed))


def with_jax(ops: int, seed: int) -> Run:
    import jax.numpy

    return forms.jax(chain(jax.numpy, ops, seed), inputs(seed))


def with_numba_njit(ops: int, seed: int) -> Run:
    return forms.numba_njit(chain(np, ops, seed, "np.float32({})"), inputs(seed))


def with_numba_vectorize(ops: int, seed: int) -> Run:
    return forms.numba_vectorize(chain(np, ops, seed, "np.float32({})"), inputs(seed))


def with_torch(ops: int, seed: int) -> Run:
    import torch

    names = SimpleNamespace(
        abs=torch.abs, sin=torch.sin, tanh=torch.tanh,
        maximum=lambda v, c: torch.clamp(v, min=c),
        minimum=lambda v, c: torch.clamp(v, max=c),
    )  # fmt: skip
    return forms.torch_compiled(chain(names, ops, seed), inputs(seed))


def add_one(form) -> Setup:
    """`x + 1` on four floats."""
    return lambda seed: form(lambda x: x + np.float32(1), [np.arange(4, dtype=np.float32)])


def with_store(folder: str) -> Setup:
    """jitflow finds what earlier processes of this run have left in a folder; but it compiles."""

    def setup(seed: int) -> Run:
        os.environ["JITFLOW_CACHE_DIR"] = str(Path(os.environ[STORE], folder))
        new = np.float32(os.getpid())
        return forms.jitflow(lambda x: x + new, [np.arange(4, dtype=np.float32)])

    return setup


def after_another(row: Setup) -> Setup:
    """The same in a process like this one, then here."""

    def setup(seed: int) -> Run:
        if FILLING not in os.environ:
            command = [sys.executable, *sys.argv]
            environment = os.environ | {FILLING: "on"}
            subprocess.run(command, env=environment, check=True, capture_output=True)
        return row(seed)

    return setup


ROWS = {
    "jitflow": with_jitflow,
    "jax": with_jax,
    "numba njit": with_numba_njit,
    "numba vectorize": with_numba_vectorize,
    "torch compiled": with_torch,
}
BEFORE = {
    "jitflow": with_store("math functions"),
    "jitflow unstored": add_one(forms.jitflow),
    "jitflow stored": with_store("everything"),
    "jax": add_one(forms.jax),
    "numba vectorize": add_one(forms.numba_vectorize),
}
SLOW = {
    "numba njit": "a chain of 1000 does not end within five minutes",
    "torch compiled": "a chain of 1000 takes longer than all other rows together",
}


def of_length(ops: int, row) -> Setup:
    return lambda seed: row(ops, seed)


def case(name: str, ops: int, title: str, share: float, left_out: dict[str, str], **more) -> Case:
    """The first call of a chain of `ops` ops on two f32[SIZE]."""
    rows = {name: of_length(ops, row) for name, row in ROWS.items() if name not in left_out}
    if "before" in more:
        rows["jitflow unstored"] = of_length(ops, with_jitflow)
        rows["jitflow stored"] = after_another(of_length(ops, with_jitflow))
    return Case(
        name=name,
        title=f"first call of {ops} elementwise ops never seen before{title}",
        reference=lambda seed: with_numpy(ops, seed)(),
        rows=rows,
        tolerance=1e-4,
        left_out=left_out,
        bars=(Bar("jax", share),),
        **more,
    )


def of_process(ops: int, share: float) -> Case:
    return case(
        f"first_call_{ops}_new", ops, ", in a process that compiled x + 1 only", share, SLOW,
        kind=Kind.FIRST_CALL_OF_PROCESS, before=BEFORE, rounds=7,
        fewer_rounds={"numba vectorize": 3},
    )  # fmt: skip


CASES = (
    case(
        "first_call_10", 10, "", 1 / 4, {}, kind=Kind.FIRST_CALL, rounds=21,
        fewer_rounds={"torch compiled": 3, "numba njit": 5, "numba vectorize": 11},
    ),
    of_process(10, 1 / 4),
    case(
        "first_call_1000", 1000, "", 1 / 5, SLOW, kind=Kind.FIRST_CALL, rounds=7,
        fewer_rounds={"numba vectorize": 3},
    ),
    of_process(1000, 1 / 5),
)  # fmt: skip
