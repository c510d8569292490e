"""x[mask] for a mask whose elements are not known: elements of which nobody knows the number.

What is done to each of them is done on the whole array, with 1 in place of what the mask leaves
out; sums and their kin leave it out. It can be written back through the same mask: `x[mask] += 1`.
Anything that needs the number of elements is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from jitflow.errors import DtypeError, TraceError, explain
from jitflow.ir.core import Value
from jitflow.numpy.basics import (
    Array,
    emit,
    emit_check,
    fail,
    full_like,
    normal_axes,
    operand,
    shape_of,
)
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import FUNCTIONS, OPERATORS, converted, here
from jitflow.trace.checks import WRONG_VALUE

_DEPTH = 6
"""How far apart two masks may have been computed to be seen as equal."""


class Selection:
    """The elements of `values` where `mask`, which has its shape, holds.

    The `count` axes from `place` on are those of x[mask]'s mask; they are one axis of x[mask].
    in_order: whether that stands between the others as in `values`; if not, NumPy has it first.
    """

    def __init__(
        self, values: Array, mask: Array, place: int, count: int, in_order: bool = True
    ) -> None:
        self.values = values
        self.mask = mask
        self.place = place
        self.count = count
        self.in_order = in_order
        self.made = here()[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @property
    def ndim(self) -> int:
        return self.values.ndim - self.count + 1

    def axes(self, axis: Any) -> tuple[int, ...]:
        """Axes of x[mask] as axes of `values`; that of the elements must be among them."""
        if axis is None:
            return tuple(range(self.values.ndim))
        chosen = normal_axes("x[mask]", axis, self.ndim)
        if self.place not in chosen or not self.in_order:
            self.refuse()
        more = self.count - 1
        others = [a if a < self.place else a + more for a in chosen if a != self.place]
        return (*others, *range(self.place, self.place + self.count))

    def fits_behind(self, shape: Sequence[Any]) -> bool:
        """Whether an array of this shape spreads along the axes behind that of the elements."""
        last = self.values.type.shape[self.place + self.count :]
        return len(shape) <= len(last) * self.in_order and all(
            n in (1, m) for n, m in zip(shape[::-1], last[::-1], strict=False)
        )

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

    def dot(self, other: Any) -> Array:
        return REDUCTIONS[np.matmul](self, other)

    __matmul__ = dot

    def __rmatmul__(self, other: Any) -> Array:
        return REDUCTIONS[np.matmul](other, self)

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
        if ufunc in REDUCTIONS and method == "__call__":
            return REDUCTIONS[ufunc](*inputs, **kwargs)
        if compute is None or method != "__call__" or kwargs or ufunc.signature is not None:
            self.refuse()
        return _elementwise(compute, *inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = getattr(function, "__name__", "")
        if function in REDUCTIONS:
            return REDUCTIONS[function](*args, **kwargs)
        if (name not in _MASKED and name not in _EXTREMES) or args[0] is not self:
            self.refuse()
        return _reduced(name, *args, **kwargs)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Selection:
        return _like(self, self.values.astype(dtype, *args, **kwargs))

    def copy(self) -> Selection:
        return self

    __hash__ = None  # type: ignore[assignment]


def selected(x: Array, mask: Array, place: int, count: int, in_order: bool) -> Selection:
    """The elements of x where the mask, which has its shape, holds: see Selection."""
    return Selection(emit("select", mask, x, full_like(x, 1)), mask, place, count, in_order)


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


def _like(x: Selection, values: Array) -> Selection:
    return Selection(values, x.mask, x.place, x.count, x.in_order)


def _elementwise(compute: Callable[..., Any], *inputs: Any) -> Any:
    """The function on selections by one mask, numbers, and arrays that each element meets whole."""
    (first, *others) = [x for x in inputs if isinstance(x, Selection)]
    if any(not is_same(x.mask.value, first.mask.value) for x in others):
        first.refuse()
    rest = [x for x in inputs if not isinstance(x, Selection)]
    if not all(first.fits_behind(shape_of(operand(x))) for x in rest):
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

REDUCTIONS: dict[Any, Callable[..., Array]] = {}
"""Functions of NumPy beside those: what stands for each where a selection is an argument."""

_EXTREMES = {"max": "max", "amax": "max", "min": "min", "amin": "min"}


def _reduced(name: str, x: Selection, axis: Any = None, **options: Any) -> Array:
    """Over the elements of the selection, or along axes of which theirs is one."""
    axes = x.axes(axis)
    if name in _MASKED and "keepdims" not in options:
        return FUNCTIONS[getattr(np, name)](x.values, axis=axes, where=x.mask, **options)
    initial = options.pop("initial", None)
    if options:
        x.refuse()
    if initial is not None:
        return FUNCTIONS[getattr(np, name)](x.values, axis=axes, where=x.mask, initial=initial)
    return _extreme(_EXTREMES[name], x, axes)


def _extreme(name: str, x: Selection, axes: tuple[int, ...]) -> Array:
    """With the least number, or the greatest, in place of what the mask leaves out."""
    found = emit("reduce_any", x.mask, axes=axes)
    every = tuple(range(found.type.rank))
    emit_check(
        emit("reduce_all", found, axes=every) if every else found,
        f"{WRONG_VALUE}zero-size array to reduction operation {name}imum which has no identity",
    )
    none = full_like(x.values, _limit(x.values.dtype, name))
    return emit(f"reduce_{name}", emit("select", x.mask, x.values, none), axes=axes)


def _limit(dtype: np.dtype[Any], name: str) -> Any:
    """What changes no maximum, or no minimum, of numbers of a dtype."""
    if dtype.kind == "b":
        return name == "min"
    if dtype.kind in "iu":
        return np.iinfo(dtype).min if name == "max" else np.iinfo(dtype).max
    return -np.inf if name == "max" else np.inf
