"""Random tensor-IR programs over the op table, for hypothesis: `@given(programs())`.

A program is a valid function with arguments for it. Rows are drawn from the table, so that a new
elementwise row or reduction is in the programs at once. Nothing here knows passes or code.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from hypothesis import strategies as st

from jitflow.errors import JitflowError
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DTYPES, bool_, f32, f64, i32, i64, part_of, u8
from jitflow.ir.interpreter import interpret
from jitflow.ir.location import Location
from jitflow.ir.ops.contraction import free_axes
from jitflow.ir.row import ROWS, Effect, Family
from jitflow.ir.types import TensorType

USUAL_DTYPES = (f32, f64, i32, i64, bool_, u8)
EXTENTS = (0, 1, 2, 3, 5, 8)
MAX_ELEMENTS = 200

ELEMENTWISE = tuple(
    row
    for row in ROWS.values()
    if row.family is Family.ELEMENTWISE and not row.attributes and row.effect is Effect.NONE
)
REDUCTIONS = tuple(row for row in ROWS.values() if row.family is Family.REDUCE)
SORTING = tuple(row for row in ROWS.values() if row.name in ("sort", "argsort"))
CUMULATIVE = tuple(row for row in ROWS.values() if row.family is Family.CUMULATIVE)
SPECIAL_FLOATS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 1e-40, float("inf"), float("-inf"))
SPECIAL_INTEGERS = (0, 1, -1, 2, 3, 7)


@dataclass(frozen=True)
class Program:
    """A function and arrays to call it with."""

    function: Function
    arguments: list[np.ndarray]

    def results(self, function: Function | None = None) -> tuple[np.ndarray, ...]:
        """What the interpreter gives for the function, or for one that should be its equal."""
        chosen = self.function if function is None else function
        return interpret(chosen, self.arguments, evaluate=in_order)


@st.composite
def programs(
    draw, dtypes=USUAL_DTYPES, max_ops=10, rows=None, structured=True, extents=EXTENTS
):
    """Programs of up to `max_ops` steps.

    rows: names of the rows to draw from, None for the whole table; structured: also regions.
    """
    writer = _Writer(draw, dtypes, rows, structured, extents)
    b = Builder()
    for number in range(draw(st.integers(1, 3))):
        b.param(writer.type(), f"x{number}")
    results = writer.body(b, list(b.params), draw(st.integers(1, max_ops)))
    function = b.build("program", results)
    return Program(function, arguments(function, draw(st.integers(0, 2**16))))


def arguments(function: Function, seed: int) -> list[np.ndarray]:
    """Arrays for the function's parameters: random numbers among special ones."""
    random = np.random.default_rng(seed)
    return [_array(random, param.type) for param in function.params]


def _array(random: np.random.Generator, type: TensorType) -> np.ndarray:
    shape, dtype = type.shape, type.dtype
    if dtype.kind == "b":
        return random.random(shape) < 0.5
    if dtype.kind == "c":
        array = np.empty(shape, dtype.numpy)
        part = type.with_dtype(part_of(dtype))
        array.real, array.imag = _array(random, part), _array(random, part)
        return array
    if dtype.is_integer:
        info = np.iinfo(dtype.numpy)
        special = [v for v in (*SPECIAL_INTEGERS, info.min, info.max) if info.min <= v]
        values = random.integers(max(info.min, -9), 9, shape)
    else:
        special = [*SPECIAL_FLOATS, float("nan"), float(np.finfo(np.float32).max)]
        values = random.normal(size=shape) * 3
    chosen = np.where(random.random(shape) < 0.3, random.choice(len(special), shape), -1)
    array = values.astype(dtype.numpy)
    with np.errstate(all="ignore"):
        table = np.array(special).astype(dtype.numpy)
    return np.where(chosen < 0, array, table[chosen]).astype(dtype.numpy)


def in_order(op, arrays):
    """Evaluates approximate rows by value alone: sums in one order, whatever the memory layout."""
    dense = [np.ascontiguousarray(array).reshape(np.shape(array)) for array in arrays]
    if op.row.name != "dot_general":
        return op.row.reference(*dense, **op.attrs)
    left, right = (
        _to_matrices(array, contract, batch)
        for array, contract, batch in zip(
            dense, op.attrs["contract"], op.attrs["batch"], strict=True
        )
    )
    total = np.zeros((*left.shape[:2], right.shape[1]), left.dtype)
    for k in range(left.shape[2]):
        total = total + left[:, :, None, k] * right[:, None, :, k]
    return total.reshape(op.result.type.shape)


def _to_matrices(array, contract, batch):
    """The array as [batch, free, contracted]."""
    free = free_axes(array.ndim, contract, batch)
    shape = [prod(array.shape[a] for a in axes) for axes in (batch, free, contract)]
    return array.transpose((*batch, *free, *contract)).reshape(shape)


def assert_same_bits(results, expected):
    """Equal dtypes, shapes and bits; NaNs are equal whatever their sign and payload."""
    assert len(results) == len(expected)
    for got, want in zip(results, expected, strict=True):
        got, want = np.asarray(got), np.asarray(want)
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        if got.dtype.kind == "c":
            got, want = (np.stack([array.real, array.imag]) for array in (got, want))
        same = got == want
        if got.dtype.kind not in "biu":
            same = same & (np.signbit(got) == np.signbit(want)) | np.isnan(got) & np.isnan(want)
        assert np.all(same), f"{got} is not {want}"


class _Writer:
    """Draws ops onto a builder. Every step returns a value, or None where it does not apply."""

    def __init__(self, draw, dtypes, rows, structured, extents):
        self.draw = draw
        self.dtypes = dtypes
        self.rows = rows
        self.extents = extents
        self.line = 0
        self.elementwise = [row for row in ELEMENTWISE if self.allows(row.name)]
        self.reductions = [row for row in REDUCTIONS if self.allows(row.name)]
        self.steps = [self.elementwise_op] * (4 if self.elementwise else 0)
        self.steps += [self.reduction] * (2 if self.reductions else 0)
        self.sorting = [row for row in SORTING if self.allows(row.name)]
        self.steps += [self.sorting_op] * bool(self.sorting)
        self.cumulative = [row for row in CUMULATIVE if self.allows(row.name)]
        self.steps += [self.cumulative_op] * bool(self.cumulative)
        named = {
            "constant": self.constant, "iota": self.iota, "convert": self.convert,
            "bitcast": self.bitcast, "broadcast": self.broadcast, "reshape": self.reshape,
            "transpose": self.transpose, "reverse": self.reverse, "slice": self.slice,
            "pad": self.pad, "concatenate": self.concatenate, "dot_general": self.product,
            "gather": self.gather, "scatter": self.scatter, "update": self.update,
            "dynamic_slice": self.dynamic_slice, "dynamic_update": self.dynamic_update,
        }
        self.steps += [step for name, step in named.items() if self.allows(name)]
        if structured:
            self.steps += [self.call, self.cond]

    def allows(self, name):
        return self.rows is None or name in self.rows

    def one_of(self, choices):
        return self.draw(st.sampled_from(choices))

    def chance(self):
        return self.draw(st.booleans())

    def type(self):
        shape = self.draw(st.lists(st.sampled_from(self.extents), max_size=3))
        while prod(shape) > MAX_ELEMENTS:
            shape.pop()
        return TensorType(self.one_of(self.dtypes), tuple(shape))

    def body(self, b, pool, steps):
        """Adds ops, and returns the results: the last value and perhaps others."""
        for _ in range(steps):
            self.line += 1
            b.locations = (Location("program.py", self.line),)
            value = self.one_of(self.steps)(b, pool)
            if value is not None and value.type.size <= MAX_ELEMENTS:
                pool.append(value)
        return [pool[-1], *self.draw(st.lists(st.sampled_from(pool), max_size=2))]

    def like(self, b, pool, type):
        """A value of exactly this type: one that there is, or a constant."""
        found = [value for value in pool if value.type == type]
        if found and self.draw(st.integers(0, 2)):
            return self.one_of(found)
        return self.constant_of(b, type)

    def number(self, dtype):
        if dtype.kind == "b":
            return self.chance()
        if dtype.is_integer:
            return abs(self.one_of(SPECIAL_INTEGERS)) if dtype.kind == "u" else self.one_of(
                SPECIAL_INTEGERS
            )
        return self.one_of(SPECIAL_FLOATS)

    def constant_of(self, b, type):
        if type.size == 0 or self.chance():
            return b.constant(self.number(type.dtype), type.dtype, shape=type.shape)
        flat = [self.number(type.dtype) for _ in range(min(type.size, 3))]
        data = Dense(np.resize(np.array(flat, type.dtype.numpy), type.shape), type.dtype)
        return b.emit(ROWS["constant"], (), {"value": data, "type": type}).result

    # One step each.

    def constant(self, b, pool):
        return self.constant_of(b, self.type())

    def iota(self, b, pool):
        type = self.type()
        if not type.rank or type.dtype.kind in "bc":
            return None
        return b.iota(type.dtype, type.shape, axis=self.draw(st.integers(0, type.rank - 1)))

    def elementwise_op(self, b, pool):
        x, row = self.one_of(pool), self.one_of(self.elementwise)
        if row.name == "select":
            condition = self.like(b, pool, x.type.with_dtype(bool_))
            return b.select(condition, x, self.like(b, pool, x.type))
        if row.name == "copysign":
            signs = [b.constant(self.one_of((2.0, -0.0, 0.0)), x.type.dtype, shape=x.type.shape)]
        else:
            signs = [self.like(b, pool, x.type) for _ in range(row.arity - 1)]
        operands = [x, *signs] if row.name == "copysign" or self.chance() else [*signs, x]
        return _attempt(lambda: b.emit(row, tuple(operands)).result)

    def convert(self, b, pool):
        x, dtype = self.one_of(pool), self.one_of(self.dtypes)
        return _attempt(lambda: b.convert(x, dtype=dtype))

    def bitcast(self, b, pool):
        """From integers only: the bits of a NaN are no value of ours."""
        x = self.one_of(pool)
        targets = [d for d in DTYPES.values() if d.bits == x.type.dtype.bits and d in self.dtypes]
        if not x.type.dtype.is_integer:
            return None
        return b.bitcast(x, dtype=self.one_of(targets))

    def broadcast(self, b, pool):
        x = self.one_of(pool)
        shape, axes = [], []
        for extent in x.type.shape:
            if self.chance():
                shape.append(self.one_of((1, 2, 3)))
            axes.append(len(shape))
            shape.append(self.one_of((1, 3)) if extent == 1 else extent)
        if not axes or self.chance():
            shape.append(self.one_of((1, 2)))
        if prod(shape) > MAX_ELEMENTS:
            return None
        return b.broadcast(x, shape=tuple(shape), axes=tuple(axes))

    def reshape(self, b, pool):
        x = self.one_of(pool)
        shape = [extent for extent in x.type.shape if extent != 1 or self.chance()]
        if self.chance():
            shape = [prod(shape)]
        for _ in range(self.draw(st.integers(0, 2))):
            shape.insert(self.draw(st.integers(0, len(shape))), 1)
        if shape and shape[0] % 2 == 0 and self.chance():
            shape[:1] = [2, shape[0] // 2]
        return b.reshape(x, shape=tuple(shape))

    def transpose(self, b, pool):
        x = self.one_of(pool)
        return b.transpose(x, axes=tuple(self.draw(st.permutations(range(x.type.rank)))))

    def axes(self, rank):
        if not rank:
            return ()
        return tuple(sorted(self.draw(st.sets(st.integers(0, rank - 1)))))

    def reverse(self, b, pool):
        x = self.one_of(pool)
        return b.reverse(x, axes=self.axes(x.type.rank))

    def slice(self, b, pool):
        x = self.one_of(pool)
        start = [self.draw(st.integers(0, extent)) for extent in x.type.shape]
        stop = [
            self.draw(st.integers(low, extent))
            for low, extent in zip(start, x.type.shape, strict=True)
        ]
        step = [self.one_of((1, 1, 2, 3)) for _ in start]
        if self.chance():
            start, stop = [0] * x.type.rank, x.type.shape
        return b.slice(x, start=tuple(start), stop=tuple(stop), step=tuple(step))

    def pad(self, b, pool):
        x = self.one_of(pool)
        value = self.like(b, pool, TensorType(x.type.dtype))
        widths = [tuple(self.one_of((0, 0, 1, 2)) for _ in x.type.shape) for _ in range(3)]
        return b.pad(x, value, low=widths[0], high=widths[1], interior=widths[2])

    def concatenate(self, b, pool):
        x = self.one_of([value for value in pool if value.type.rank] or pool)
        if not x.type.rank:
            return None
        others = [self.like(b, pool, x.type) for _ in range(self.draw(st.integers(0, 2)))]
        return b.concatenate(x, *others, axis=self.draw(st.integers(0, x.type.rank - 1)))

    def reduction(self, b, pool):
        x, row = self.one_of(pool), self.one_of(self.reductions)
        if "axis" in row.attributes:
            attrs = {"axis": self.draw(st.integers(0, max(x.type.rank - 1, 0)))}
        else:
            attrs = {"axes": self.axes(x.type.rank)}
        return _attempt(lambda: b.emit(row, (x,), attrs).result)

    def sorting_op(self, b, pool):
        x, row = self.one_of(pool), self.one_of(self.sorting)
        return _attempt(lambda: b.emit(row, (x,)).result)

    def cumulative_op(self, b, pool):
        x, row = self.one_of(pool), self.one_of(self.cumulative)
        axis = self.draw(st.integers(0, max(x.type.rank - 1, 0)))
        attrs = {"axis": axis, "reverse": self.chance()}
        return _attempt(lambda: b.emit(row, (x,), attrs).result)

    def indices(self, b, pool, x):
        """Index arrays of one shape for the first axes of x; a few lead outside."""
        if not x.type.rank:
            return None
        shape = self.one_of([v.type.shape for v in pool if v.type.size < 20] or [(3,)])
        count = self.draw(st.integers(1, x.type.rank))
        if 0 in x.type.shape[:count]:
            return None
        return [self.like(b, pool, TensorType(i64, shape)) for _ in range(count)]

    def gather(self, b, pool):
        x = self.one_of(pool)
        indices = self.indices(b, pool, x)
        return indices and b.gather(x, *indices)

    def scatter(self, b, pool):
        x = self.one_of(pool)
        indices = self.indices(b, pool, x)
        if not indices:
            return None
        shape = (*indices[0].type.shape, *x.type.shape[len(indices) :])
        updates = self.like(b, pool, x.type.with_shape(shape))
        combine = self.one_of(("set", "add", "mul", "min", "max", "or"))
        return _attempt(lambda: b.scatter(x, updates, *indices, combine=combine))

    def part(self, b, pool, x):
        """Something that fits into x: perhaps a slice of it."""
        stop = tuple(self.draw(st.integers(0, extent)) for extent in x.type.shape)
        if self.chance():
            return b.slice(x, start=(0,) * len(stop), stop=stop, step=(1,) * len(stop))
        return self.like(b, pool, x.type.with_shape(stop))

    def update(self, b, pool):
        x = self.one_of(pool)
        part = self.part(b, pool, x)
        room = [n - m for n, m in zip(x.type.shape, part.type.shape, strict=True)]
        start = tuple(self.draw(st.integers(0, left)) for left in room)
        step = tuple(2 if left and m == 2 and not s else 1
                     for left, m, s in zip(room, part.type.shape, start, strict=True))
        return b.update(x, part, start=start, step=step)

    def starts(self, b, pool, x):
        return [self.like(b, pool, TensorType(i64)) for _ in x.type.shape]

    def dynamic_slice(self, b, pool):
        x = self.one_of(pool)
        sizes = tuple(self.draw(st.integers(0, extent)) for extent in x.type.shape)
        return b.dynamic_slice(x, *self.starts(b, pool, x), sizes=sizes)

    def dynamic_update(self, b, pool):
        x = self.one_of(pool)
        return b.dynamic_update(x, self.part(b, pool, x), *self.starts(b, pool, x))

    def product(self, b, pool):
        x, y = self.one_of(pool), self.one_of(pool)
        if y.type.dtype is not x.type.dtype:
            y = x
        contract, batch, used = ([], []), ([], []), set()
        for a, extent in enumerate(x.type.shape):
            partners = [c for c, n in enumerate(y.type.shape) if n == extent and c not in used]
            kind = self.one_of((contract, contract, batch, None))
            if partners and kind is not None:
                partner = self.one_of(partners)
                used.add(partner)
                kind[0].append(a)
                kind[1].append(partner)
        free = prod(n for a, n in enumerate(x.type.shape) if a not in contract[0])
        if free * prod(n for c, n in enumerate(y.type.shape) if c not in used) > MAX_ELEMENTS:
            return None
        pairs = [tuple(map(tuple, kind)) for kind in (contract, batch)]
        return _attempt(lambda: b.dot_general(x, y, contract=pairs[0], batch=pairs[1]))

    def region(self, b, operands):
        inner = b.nested([value.type for value in operands])
        results = self.body(inner, list(inner.params), self.draw(st.integers(1, 3)))
        return inner, results

    def call(self, b, pool):
        operands = tuple(self.one_of(pool) for _ in range(self.draw(st.integers(1, 2))))
        inner, results = self.region(b, operands)
        op = b.emit(ROWS["call"], operands, {"name": "g"}, (inner.region(results),))
        return self.one_of(op.results)

    def cond(self, b, pool):
        operands = (self.one_of(pool),)
        predicate = self.like(b, pool, TensorType(bool_))
        then, (result, *_) = self.region(b, operands)
        otherwise = b.nested([value.type for value in operands])
        other = self.like(otherwise, list(otherwise.params), result.type)
        regions = (then.region([result]), otherwise.region([other]))
        return b.emit(ROWS["cond"], (predicate, *operands), {}, regions).result


def _attempt(build):
    """What `build` gives, or None where the drawn types do not fit the row."""
    try:
        return build()
    except JitflowError:
        return None
