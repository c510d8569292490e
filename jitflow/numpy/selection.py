"""x[mask] for a mask whose elements are not known: elements of which nobody knows the number.

What is done to each of them is done on the whole array, with 1 in place of what the mask leaves
out; sums and their kin leave it out. It can be written back through the same mask: `x[mask] += 1`.
Anything that needs the number of elements is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from jitflow.errors import DtypeError, TraceError, explain
from jitflow.ir.core import Value
from jitflow.numpy.basics import Array, emit, emit_check, fail, full_like, operand, shape_of
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import FUNCTIONS, OPERATORS, converted, here
from jitflow.trace.checks import WRONG_VALUE

_DEPTH = 6
"""How far apart two masks may have been computed to be seen as equal."""


class Selection:
    """The elements of `values` where `mask`, an array of the same shape, holds; of `rank` axes."""

    def __init__(self, values: Array, mask: Array, rank: int) -> None:
        self.values = values
        self.mask = mask
        self.rank = rank
        self.made = here()[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @property
    def ndim(self) -> int:
        return self.rank

    @property
    def size(self) -> Array:
        """The number of elements, as a traced integer."""
        return FUNCTIONS[np.count_nonzero](self.mask)

    def refuse(self) -> NoReturn:
        raise TraceError(explain(
            "the shape of x[mask] depends on the elements of the mask, which are not known yet",
            at=self.made,
            shapes=[self.values.type, self.mask.type],
            cure="choose with jnp.where(mask, x, 0), reduce it as in x[mask].sum(), or write"
            " x[mask] = v",
        ))

    __jitflow_array__ = refuse

    def __getattr__(self, name: str) -> Any:
        if name in _MASKED or name in ("max", "min"):
            return lambda *args, **kwargs: _reduced(name, self, *args, **kwargs)
        if name.startswith("__"):
            raise AttributeError(name)
        return self.refuse()

    def __len__(self) -> int:
        self.refuse()

    def __iter__(self) -> Any:
        self.refuse()

    def __bool__(self) -> bool:
        self.refuse()

    def __getitem__(self, key: Any) -> Any:
        self.refuse()

    def __setitem__(self, key: Any, value: Any) -> None:
        """Into new memory, as NumPy's x[mask] is: nobody would see it."""
        self.refuse()

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        self.refuse()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        compute = CALLS.get(ufunc)
        if compute is None or method != "__call__" or kwargs or ufunc.signature is not None:
            self.refuse()
        return _elementwise(compute, *inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = getattr(function, "__name__", "")
        if (name not in _MASKED and name not in _EXTREMES) or args[0] is not self:
            self.refuse()
        return _reduced(name, *args, **kwargs)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Selection:
        return _like(self, self.values.astype(dtype, *args, **kwargs))

    def copy(self) -> Selection:
        return self

    __hash__ = None  # type: ignore[assignment]


def selected(x: Array, mask: Array, rank: int) -> Selection:
    """The elements of x where the mask, which has its shape, holds; as NumPy, of so many axes."""
    return Selection(emit("select", mask, x, full_like(x, 1)), mask, rank)


def is_same(x: Value, y: Value, depth: int = _DEPTH) -> bool:
    """Whether two values are computed by equal ops from the same values."""
    if x is y:
        return True
    a, b = x.op, y.op
    if a is None or b is None or not depth or a.row is not b.row or not a.row.is_pure:
        return False
    if a.regions or b.regions or x.index != y.index or len(a.operands) != len(b.operands):
        return False
    return dict(a.attrs) == dict(b.attrs) and all(
        is_same(v, w, depth - 1) for v, w in zip(a.operands, b.operands, strict=True)
    )


def _like(selection: Selection, values: Array) -> Selection:
    return Selection(values, selection.mask, selection.rank)


def _elementwise(compute: Callable[..., Any], *inputs: Any) -> Any:
    """The function on selections by one mask, and on numbers."""
    (first, *others) = [x for x in inputs if isinstance(x, Selection)]
    if any(not is_same(x.mask.value, first.mask.value) for x in others):
        first.refuse()
    if any(shape_of(operand(x)) for x in inputs if not isinstance(x, Selection)):
        first.refuse()
    result = compute(*[x.values if isinstance(x, Selection) else x for x in inputs])
    if isinstance(result, tuple):
        return tuple([_like(first, part) for part in result])
    return _like(first, result)


def _operator(name: str) -> Callable[..., Any]:
    return lambda *operands: OPERATORS[name](*operands)


def _forward(name: str) -> Callable[..., Any]:
    return lambda *operands: _elementwise(_operator(name), *operands)


def _reflected(name: str) -> Callable[..., Any]:
    return lambda self, other: _elementwise(_operator(name), other, self)


def _in_place(name: str) -> Callable[..., Any]:
    def update(self: Selection, other: Any) -> Selection:
        result: Selection = _elementwise(_operator(name), self, other)
        if not np.can_cast(result.dtype, self.dtype, "same_kind"):
            fail(
                DtypeError,
                f"cannot cast the result in place from {result.dtype} to {self.dtype}",
                op=f"i{name}",
            )
        return _like(self, converted(result.values, self.values.type.dtype))

    return update


for _name in (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor",
    "lshift", "rshift",
):  # fmt: skip
    setattr(Selection, f"__{_name}__", _forward(_name))
    setattr(Selection, f"__r{_name}__", _reflected(_name))
    setattr(Selection, f"__i{_name}__", _in_place(_name))
for _name in ("eq", "ne", "lt", "le", "gt", "ge", "neg", "pos", "abs", "invert"):
    setattr(Selection, f"__{_name}__", _forward(_name))


# Reductions.

_MASKED = ("sum", "prod", "mean", "var", "std", "any", "all")
"""Those that have where=."""

_EXTREMES = {"max": "max", "amax": "max", "min": "min", "amin": "min"}


def _reduced(name: str, x: Selection, axis: Any = None, **options: Any) -> Array:
    """Over all elements of the selection."""
    if axis is not None and (x.rank != 1 or axis not in (0, -1)):
        x.refuse()
    if name in _MASKED:
        return FUNCTIONS[getattr(np, name)](x.values, where=x.mask, **options)
    if options:
        x.refuse()
    name = _EXTREMES[name]
    every = tuple(range(x.mask.type.rank))
    emit_check(
        emit("reduce_any", x.mask, axes=every),
        f"{WRONG_VALUE}zero-size array to reduction operation {name}imum which has no identity",
    )
    return _extreme(name, x, every)


def _extreme(name: str, x: Selection, every: tuple[int, ...]) -> Array:
    """What the mask leaves out is an element that it holds at: the first one."""
    flat = (x.mask.type.size,)
    flags, values = (emit("reshape", v, shape=flat) for v in (x.mask, x.values))
    first = emit("gather", values, emit("argmax", flags, axis=0))
    spread = emit("broadcast", first, shape=x.values.type.shape, axes=())
    return emit(f"reduce_{name}", emit("select", x.mask, x.values, spread), axes=every)
