"""One recorded operation: a function, and where its operands stand among its arguments.

Applied to traced arrays it is traced, applied to NumPy arrays it is computed. Owns what recording
does to arguments: literals become operands, dtypes must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitflow.recording.agreement import keep_dtype, mixing, require_one_dtype
from jitflow.recording.operand import Operand
from jitflow.trace.pytree import flatten, unflatten

Constant = Callable[[Any, Any, int], Operand]
"""Makes an operand of a literal; given the dtype that stands beside it, and its position."""


class _Hole:
    """Stands for an operand in the arguments of an application."""

    def __repr__(self) -> str:
        return "_"


_HOLE = _Hole()


class Application:
    """A function and its arguments, in which operands are holes. Two are equal where both are."""

    __slots__ = ("_leaves", "_places", "_tree", "function", "keeps_dtype")

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        leaves, self._tree = flatten((tuple(args), dict(kwargs)))
        self._places = tuple(i for i, x in enumerate(leaves) if isinstance(x, Operand))
        self._leaves = [_HOLE if isinstance(x, Operand) else x for x in leaves]
        self.function = function
        self.keeps_dtype = keep_dtype(function, kwargs)

    def __call__(self, operands: Sequence[Any]) -> Any:
        """The function on these operands; its result has the first one's dtype if it keeps it."""
        leaves = list(self._leaves)
        for place, x in zip(self._places, operands, strict=True):
            leaves[place] = x
        args, kwargs = unflatten(self._tree, leaves)
        result = self.function(*args, **kwargs)
        if self.keeps_dtype and operands[0].dtype.kind != "b":
            return result.astype(operands[0].dtype)
        return result

    @property
    def key(self) -> Any:
        """Hashable, equal for equal applications; None where an argument cannot be compared."""
        statics = tuple((type(x), _comparable(x)) for x in self._leaves)
        key = self.function, self._tree, statics
        try:
            hash(key)
        except TypeError:
            return None
        return key


def _comparable(x: Any) -> Any:
    """What two equal arguments have in common; of an array its contents."""
    return (x.dtype, x.shape, x.tobytes()) if isinstance(x, np.ndarray) else x


def apply(
    name: str, function: Callable[..., Any], args: Any, kwargs: Any, constant: Constant
) -> tuple[Application, list[Operand]]:
    """The application of a function, and its operands, literals beside them made such.

    DtypeError where the dtypes of operands do not agree.
    """
    args = list(args)
    where = mixing(function, args)
    if where is not None:
        args[where] = _agreed(name, args[where], constant)
    found, _ = flatten((tuple(args), dict(kwargs)))
    return Application(function, args, kwargs), [x for x in found if isinstance(x, Operand)]


def _agreed(name: str, args: list[Any], constant: Constant) -> list[Any]:
    """Arguments of one dtype: what is no operand yet takes that of those that are."""
    parts = [x if isinstance(x, (list, tuple)) else [x] for x in args]
    known = [x.dtype for part in parts for x in part if isinstance(x, Operand)]
    if not known:
        return args
    require_one_dtype(name, known)
    made: list[Any] = []
    for place, x in enumerate(args):
        if isinstance(x, (list, tuple)) and any(isinstance(part, Operand) for part in x):
            made.append(type(x)(
                part if isinstance(part, Operand) else constant(part, known[0], place)
                for part in x
            ))
        elif x is None or isinstance(x, (Operand, str)):
            made.append(x)
        else:
            made.append(constant(x, known[0], place))
    for x in made:
        if isinstance(x, Operand):
            require_one_dtype(name, [known[0], x.dtype])
    return made
