"""Whole programs of the kinds that people write, from `workloads/`: a case for each."""

import inspect
from types import ModuleType

import forms
import numpy as np
from case import Case, Run
from workloads import learning, physics, signals, statistics
from workloads.torch_names import torch_names
from workloads.workload import Workload, declared

FIELDS: tuple[ModuleType, ...] = (learning, statistics, signals, physics)


def over(work: Workload, names):
    """The workload's text over a library's names, as a function of arrays."""
    return lambda *arrays: work.function(names, *arrays)


def with_numpy(work: Workload, seed: int) -> Run:
    return forms.numpy(over(work, np), work.arrays(seed))


def with_jitflow(work: Workload, seed: int) -> Run:
    return forms.jitflow(over(work, np), work.arrays(seed))


def with_jax(work: Workload, seed: int) -> Run:
    import jax.numpy

    return forms.jax(work.jax or over(work, jax.numpy), work.arrays(seed))


def with_torch_eager(work: Workload, seed: int) -> Run:
    return forms.torch_eager(work.torch or over(work, torch_names()), work.arrays(seed))


def with_torch_compiled(work: Workload, seed: int) -> Run:
    return forms.torch_compiled(work.torch or over(work, torch_names()), work.arrays(seed))


def with_numba(work: Workload, seed: int) -> Run:
    return forms.numba_njit(work.numba, work.arrays(seed))


def with_numexpr(work: Workload, seed: int) -> Run:
    names = list(inspect.signature(work.function).parameters)[1:]
    return forms.numexpr(work.numexpr, dict(zip(names, work.arrays(seed), strict=True)))


ROWS = {
    "jitflow": with_jitflow,
    "numpy": with_numpy,
    "jax": with_jax,
    "torch eager": with_torch_eager,
    "torch compiled": with_torch_compiled,
}
OWN_FORMS = {"numba njit": ("numba", with_numba), "numexpr": ("numexpr", with_numexpr)}


def rows(work: Workload):
    """The rows that a workload has: those of its text, and of forms that were written for it."""
    found = ROWS | {row: form for row, (own, form) in OWN_FORMS.items() if getattr(work, own)}
    return {
        row: (lambda seed, form=form: form(work, seed))
        for row, form in found.items()
        if row not in work.left_out
    }


def case(work: Workload) -> Case:
    return Case(
        name=work.name,
        title=work.title,
        reference=lambda seed: with_numpy(work, seed)(),
        rows=rows(work),
        tolerance=work.tolerance,
        rounds=9,
        left_out=work.left_out,
    )


CASES = tuple(case(work) for field in FIELDS for work in declared(field))
