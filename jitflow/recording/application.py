"""One recorded operation: a function, and where its operands stand among its arguments.

Applied to traced arrays it is traced, applied to NumPy arrays it is computed. Owns what recording
does to arguments: literals become operands, dtypes must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from jitflow.recording.agreement import BOUNDS, keep_dtype, mixing, require_one_dtype
from jitflow.recording.operand import Operand
from jitflow.trace.arrays import TracedArray
from jitflow.trace.pytree import TreeDef, flatten, unflatten

Constant = Callable[[Any, Any, int], Operand]
"""Makes an operand of a literal; given the dtype that stands beside it, and its position."""


class _Hole:
    """Stands for an operand in the arguments of an application."""

    def __repr__(self) -> str:
        return "_"


_HOLE = _Hole()


class Application:
    """A function and its arguments, in which operands are holes. Two are equal where both are.

    `leaves` and `tree` are the arguments, or arguments and keywords where `has_names`.
    """

    __slots__ = ("_has_names", "_is_plain", "_places", "_tree", "function", "keeps_dtype", "leaves")

    def __init__(
        self, function: Callable[..., Any], leaves: Sequence[Any], tree: TreeDef, has_names: bool,
        keeps_dtype: bool,
    ) -> None:
        self._tree = tree
        places, self.leaves = [], list(leaves)
        for place, x in enumerate(leaves):
            if x is _HOLE or isinstance(x, Operand):
                places.append(place)
                self.leaves[place] = _HOLE
        self._places = tuple(places)
        self._is_plain = not has_names and len(places) == len(leaves) == len(tree.nodes) - 1
        self._has_names = has_names
        self.function = function
        self.keeps_dtype = keeps_dtype

    def __call__(self, operands: Sequence[Any]) -> Any:
        """The function on these operands; its result has the first one's dtype if it keeps it."""
        result = self.function(*operands) if self._is_plain else self._computed(operands)
        if self.keeps_dtype and operands and operands[0].dtype.kind != "b":
            return result.astype(operands[0].dtype)
        return result

    def _computed(self, operands: Sequence[Any]) -> Any:
        leaves = list(self.leaves)
        for place, x in zip(self._places, operands, strict=True):
            leaves[place] = x
        if self._has_names:
            args, kwargs = unflatten(self._tree, leaves)
            return self.function(*args, **kwargs)
        return self.function(*unflatten(self._tree, leaves))

    def on(self, leaves: list[Any]) -> Application:
        """The same function, to leaves that have holes in the same places."""
        other = object.__new__(Application)
        other._tree, other._places, other._has_names = self._tree, self._places, self._has_names
        other.function, other.keeps_dtype = self.function, self.keeps_dtype
        other._is_plain = self._is_plain
        other.leaves = leaves
        return other

    @property
    def name(self) -> str:
        """What the function is called in errors."""
        return getattr(self.function, "__name__", "") or getattr(self.function, "name", "operation")

    @property
    def numbers(self) -> set[int]:
        """The positive integers among the arguments."""
        return {x for x in self.leaves if type(x) is int and x > 0}

    @property
    def key(self) -> Any:
        """Hashable, equal for equal applications; None where an argument cannot be compared."""
        others = [x for x in self.leaves if x is not _HOLE]
        statics = tuple([(type(x), _comparable(x)) for x in others])
        key = self.function, self._tree.exact, self._has_names, self._places, statics
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
    where = mixing(function)
    if where is not None and not _agree(args[where], kwargs):
        args = list(args)
        args[where], kwargs = _agreed(name, args[where], kwargs, constant)
    if isinstance(function, np.ufunc) and not kwargs:
        operands = [x for x in args if isinstance(x, Operand)]
        if len(operands) == len(args) == function.nin:
            return _on_operands(function), operands
    leaves, tree = flatten((tuple(args), kwargs) if kwargs else tuple(args))
    if TracedArray in map(type, leaves):
        leaves = [constant(x, None, 0) if type(x) is TracedArray else x for x in leaves]
    operands = [x for x in leaves if isinstance(x, Operand)]
    if function is np.einsum:
        require_one_dtype(name, [x.dtype for x in operands])
    keeps = keep_dtype(function, kwargs)
    return Application(function, leaves, tree, bool(kwargs), keeps), operands


@cache
def _on_operands(function: np.ufunc) -> Application:
    """The application of a ufunc to operands alone, whatever these are."""
    leaves, tree = flatten((_HOLE,) * function.nin)
    return Application(function, leaves, tree, False, keep_dtype(function, {}))


def _agree(args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    """Whether these are operands of one dtype, as is quickly seen."""
    dtype = None
    for x in args:
        if not isinstance(x, Operand):
            return False
        if dtype is None:
            dtype = x.dtype
        elif x.dtype != dtype:
            return False
    return dtype is not None and not kwargs


def _agreed(
    name: str, args: Sequence[Any], kwargs: dict[str, Any], constant: Constant
) -> tuple[list[Any], dict[str, Any]]:
    """Arguments of one dtype: what is no operand yet takes that of those that are."""
    bounds = {key: kwargs[key] for key in BOUNDS if kwargs.get(key) is not None} if kwargs else {}
    known = [x.dtype for x in operands_in([*args, *bounds.values()] if bounds else args)]
    if not known:
        return list(args), kwargs
    dtype = known[0]
    if len(known) > 1:
        require_one_dtype(name, known)

    def agreed(x: Any, place: int) -> Any:
        if isinstance(x, Operand) or x is None or isinstance(x, str):
            return x
        if isinstance(x, (list, tuple)) and operands_in(x):
            return type(x)([agreed(part, place) for part in x])
        made = constant(x, dtype, place)
        require_one_dtype(name, (dtype, made.dtype))
        return made

    made = [agreed(x, place) for place, x in enumerate(args)]
    if bounds:
        kwargs = {**kwargs, **{key: agreed(x, 1) for key, x in bounds.items()}}
    return made, kwargs


def operands_in(parts: Sequence[Any]) -> list[Operand]:
    """The operands among these, and in lists among these."""
    found: list[Operand] = []
    for x in parts:
        if isinstance(x, Operand):
            found.append(x)
        elif isinstance(x, (list, tuple)):
            found += operands_in(x)
    return found


def has_operands(parts: Sequence[Any]) -> bool:
    """Whether an operand is among these, or in a container among these."""
    return any(isinstance(x, Operand) for x in flatten(list(parts))[0])
