"""What the user's `np.zeros`, `np.array` and the like make while a trace is taken once more.

Traced arrays that can be written. What is made of plain numbers is a constant of the trace, whose
elements are `known`, so that it still serves as an index, a size or a condition. Fills `STAND_INS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.errors import DtypeError
from jitflow.ir.dtypes import as_dtype
from jitflow.numpy import creation, diagonals, mapping, rows_and_columns
from jitflow.numpy.index_arrays import constant_array
from jitflow.trace import FUNCTIONS, STAND_INS, row_major
from jitflow.trace.stand_ins import has_traced

_NEW = ("empty", "full", "ones", "zeros")
_LIKE = ("empty_like", "full_like", "ones_like", "zeros_like")
_FROM_NUMBERS = ("array", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray")


def _of_numbers(numpy_own: Any, traced: Callable[..., Any]) -> Callable[..., Any]:
    """What NumPy makes of numbers, as a constant; an array that it only hands on stays one."""

    def make(*args: Any, **kwargs: Any) -> Any:
        if has_traced(args, kwargs):
            return traced(*args, **kwargs)
        made = numpy_own(*args, **kwargs)
        given = args[0] if args else None
        if type(made) is not np.ndarray or (numpy_own is not np.array and made is given):
            return made
        try:
            as_dtype(made.dtype)
        except DtypeError:
            return made
        constant = constant_array(made)
        return row_major(constant) if made.flags.c_contiguous else constant

    return make


STAND_INS.update({name: getattr(creation, name) for name in _NEW})
STAND_INS.update({name: FUNCTIONS[getattr(np, name)] for name in _LIKE})
STAND_INS.update(eye=diagonals.eye, identity=diagonals.identity, tri=diagonals.tri)
STAND_INS.update(r_=rows_and_columns.r_, c_=rows_and_columns.c_, vectorize=mapping.vectorize)
STAND_INS.update({
    name: _of_numbers(getattr(np, name), getattr(creation, name)) for name in _FROM_NUMBERS
})  # fmt: skip
STAND_INS["copy"] = _of_numbers(np.copy, FUNCTIONS[np.copy])
