"""What `host_call` reaches, by name: functions of the host that read and write arrays in place.

A row of the library family is there under its own name, by its reference: the first arrays are its
operands, the others its results.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from jitflow.errors import VerifyError
from jitflow.ir.row import ROWS, Family, OpRow

HOST_FAILED = -1
"""The status of a body in which a call of the host failed; checks have positive ones."""

HostFunction = Callable[..., Any]

HOST_FUNCTIONS: dict[str, HostFunction] = {}
"""What is no row, by name."""


def host_function(callee: str) -> HostFunction:
    """The function of that name; VerifyError where there is none."""
    found = HOST_FUNCTIONS.get(callee)
    if found is not None:
        return found
    row = ROWS.get(callee)
    if row is None or row.family is not Family.LIBRARY:
        raise VerifyError(f"no host function '{callee}'")
    return partial(_into, row)


def _into(row: OpRow, *arrays: Any) -> None:
    """Computes a row by its reference, and puts what it gives into the last arrays.

    NumPy warns of nothing, and raises nothing, whatever `np.seterr` says: emitted code does not.
    """
    assert row.reference is not None and row.arity is not None
    operands, targets = arrays[: row.arity], arrays[row.arity :]
    with np.errstate(all="ignore"):
        found = row.reference(*operands)
        results = found if isinstance(found, tuple) else (found,)
        for target, result in zip(targets, results, strict=True):
            target[...] = result
