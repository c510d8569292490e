"""First calls of functions never seen before: trace, compile, run, with the result in hand."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import forms
import numpy as np
from case import AnyBar, Bar, Case, Kind, Run, Setup, Within
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


def use_store(folder: str) -> None:
    """jitflow finds what earlier processes of this run have left in a folder."""
    os.environ["JITFLOW_CACHE_DIR"] = str(Path(os.environ[STORE], folder))


def with_store(folder: str) -> Setup:
    """Another `x + 1`, which no process has left there."""

    def setup(seed: int) -> Run:
        use_store(folder)
        new = np.float32(os.getpid())
        return forms.jitflow(lambda x: x + new, [np.arange(4, dtype=np.float32)])

    return setup


def import_only(folder: str) -> Setup:
    """jitflow is there, but nothing of what compiles is loaded."""

    def setup(seed: int) -> Run:
        use_store(folder)
        import jitflow

        return lambda: jitflow.jit

    return setup


def after_another(ops: int, seed: int) -> Run:
    """The same in a process like this one, then here."""
    if FILLING not in os.environ:
        command = [sys.executable, *sys.argv]
        environment = os.environ | {FILLING: "on"}
        subprocess.run(command, env=environment, check=True, capture_output=True)
    return with_jitflow(ops, seed)


LIBRARIES = {
    "jitflow": with_jitflow,
    "jax": with_jax,
    "numba vectorize": with_numba_vectorize,
}
SLOW = {"numba njit": with_numba_njit, "torch compiled": with_torch}
STORED = {
    "jitflow unstored": with_jitflow,
    "jitflow stored": after_another,
    "jitflow stored unloaded": after_another,
}
WHY_SLOW = {
    "numba njit": "a chain of 1000 does not end within five minutes",
    "torch compiled": "a chain of 1000 takes longer than all other rows together",
}
BEFORE = {
    "jitflow": with_store("math functions"),
    "jitflow unstored": add_one(forms.jitflow),
    "jitflow stored": with_store("everything"),
    "jitflow stored unloaded": import_only("everything"),
    "jax": add_one(forms.jax),
    "numba vectorize": add_one(forms.numba_vectorize),
}
AGAINST_JAX = Bar("jax", 1 / 5)


def of_length(ops: int, rows) -> dict[str, Setup]:
    return {name: partial(row, ops) for name, row in rows.items()}


def case(ops: int, name: str, title: str, rows, **more) -> Case:
    """The first call of a chain of `ops` ops on two f32[SIZE]."""
    return Case(
        name=f"first_call_{ops}{name}",
        title=f"first call of {ops} elementwise ops never seen before{title}",
        reference=lambda seed: with_numpy(ops, seed)(),
        rows=of_length(ops, rows),
        tolerance=1e-4,
        **more,
    )


def of_short(ops: int) -> Case:
    return case(
        ops, "", "", LIBRARIES | SLOW, kind=Kind.FIRST_CALL, rounds=21, bars=(AGAINST_JAX,),
        fewer_rounds={"torch compiled": 3, "numba njit": 3, "numba vectorize": 7},
    )  # fmt: skip


def of_long(ops: int) -> Case:
    return case(
        ops, "", "", LIBRARIES, kind=Kind.FIRST_CALL, rounds=7, bars=(AGAINST_JAX,),
        fewer_rounds={"numba vectorize": 3}, left_out=WHY_SLOW,
    )  # fmt: skip


def of_process(ops: int, *bars: AnyBar) -> Case:
    return case(
        ops, "_new", ", in a process that compiled x + 1 only", LIBRARIES | STORED,
        kind=Kind.FIRST_CALL_OF_PROCESS, before=BEFORE, rounds=7, bars=(AGAINST_JAX, *bars),
        fewer_rounds={"numba vectorize": 3}, left_out=WHY_SLOW,
    )  # fmt: skip


CASES = (
    of_short(10),
    of_process(10),
    of_short(100),
    of_process(
        100, Within(0.005, "jitflow stored"), Within(0.040, "jitflow stored unloaded"),
    ),
    of_long(1000),
    of_process(1000),
)  # fmt: skip
