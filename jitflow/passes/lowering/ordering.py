"""argsort of real numbers: short lines by counting, longer ones by radix sort (Knuth, 5.2.5).

Both are stable, and neither compares floats: a number becomes an unsigned integer, its key, in the
order of numbers, with zeros of both signs equal and NaN last.
"""

from __future__ import annotations

from collections.abc import Callable

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import DTYPES, DType, finfo, i64, u8, u64
from jitflow.passes.lowering.access import Access
from jitflow.passes.lowering.context import Context

COUNTED_BYTES = 256
"""Of the keys of a line up to which each is compared with every other: that runs on lanes."""

DIGIT_BITS = 8
"""More would leave fewer digits, but more places to write to than the first cache has lines."""

DIGIT_SHIFT = 3
DIGITS = 1 << DIGIT_BITS
WORD_DIGITS = 8
SPARE_BITS = 16
"""Bits that are looked at beyond those that tell as many keys apart as there are."""

EXCHANGES = 2
"""How far an element may then stand from its place."""

PLACE_BITS = 32
"""Of a word that holds a key's place beside a key of as many bits."""

Place = tuple[Value, ...]


def lower_argsort(context: Context, op: Op, source: Access, target: Access) -> None:
    """Emits a loop over lines, which sorts the indices of each."""
    if 0 in target.shape:
        return
    dtype, length = op.operands[0].type.dtype, target.shape[-1]
    numbers = context.view(source, source.shape, source.strides)
    places = context.view(target, target.shape, target.strides)
    keys = _Keys(dtype)
    sorter = _Counting if length * keys.dtype.itemsize <= COUNTED_BYTES else _Radix
    line = sorter(context, keys, length).sort

    def nest(b: Builder, at: Place) -> Place:
        if len(at) == len(target.shape) - 1:
            line(b, read=lambda c, i: c.load(numbers, *at, i),
                 write=lambda c, value, i: c.store(value, places, *at, i))  # fmt: skip
        else:
            extent = context.index(target.shape[len(at)])
            b.loop(context.index(0), extent, lambda c, i: nest(c, (*at, i)))
        return ()

    nest(context.builder, ())


Read = Callable[[Builder, Value], Value]
Write = Callable[[Builder, Value, Value], None]


class _Keys:
    """Numbers of a dtype as unsigned integers of as many bits."""

    def __init__(self, dtype: DType) -> None:
        self.number = dtype
        self.dtype = u8 if dtype.kind == "b" else DTYPES[f"u{8 * dtype.itemsize}"]

    def of(self, b: Builder, x: Value) -> Value:
        if self.number.kind == "b":
            return b.convert(x, dtype=u8)
        bits = x if self.number is self.dtype else b.bitcast(x, dtype=self.dtype)
        if self.number.kind == "u":
            return bits
        first = b.full_like(bits, 1 << (self.dtype.bits - 1))
        if self.number.kind == "i":
            return b.xor(bits, first)
        return self._of_float(b, bits, first)

    def _of_float(self, b: Builder, bits: Value, sign: Value) -> Value:
        """Of a negative float all bits are turned over, of others the first one."""
        infinity = finfo(self.number).dtype.type("inf").view(self.dtype.numpy)
        size, zero = b.and_(bits, b.not_(sign)), b.full_like(bits, 0)
        key = b.select(b.ge(bits, sign), b.not_(bits), b.or_(bits, sign))
        key = b.select(b.eq(size, zero), sign, key)
        is_number = b.le(size, b.full_like(bits, int(infinity)))
        return b.select(is_number, key, b.not_(zero))


class _Counting:
    """The place of an element is the number of those before it: less, or equal and in front.

    Keys are signed here, as lanes compare them at once, and numbers of elements are as wide.
    """

    def __init__(self, context: Context, keys: _Keys, length: int) -> None:
        self.context = context
        self.keys = keys
        self.end = context.index(length)
        self.signed = DTYPES[f"i{keys.dtype.bits}"]
        self.line = context.temp(self.signed, (length,), "keys")
        self.ranks = context.temp(self.signed, (length,), "ranks")

    def sort(self, b: Builder, read: Read, write: Write) -> None:
        """Emits what sorts a line."""
        zero = self.context.index(0)

        def fill(c: Builder, i: Value) -> Place:
            key = self.keys.of(c, read(c, i))
            turned = c.xor(key, c.full_like(key, 1 << (self.keys.dtype.bits - 1)))
            c.store(c.bitcast(turned, dtype=self.signed), self.line, i)
            return ()

        def rank(c: Builder, i: Value) -> Place:
            key, place = c.load(self.line, i), self._number(c, i)

            def count(d: Builder, j: Value, before: Value) -> Place:
                other = d.load(self.line, j)
                in_front = d.lt(self._number(d, j), place)
                less = d.or_(d.lt(other, key), d.and_(d.eq(other, key), in_front))
                return (d.add(before, self._number(d, less)),)

            (found,) = c.loop(zero, self.end, count, (c.full_like(key, 0),))
            c.store(found, self.ranks, i)
            return ()

        def scatter(c: Builder, i: Value) -> Place:
            rank = c.load(self.ranks, i)
            write(c, i, rank if self.signed is i64 else c.convert(rank, dtype=i64))
            return ()

        b.loop(zero, self.end, fill, kind="parallel")
        b.loop(zero, self.end, rank, kind="parallel")
        b.loop(zero, self.end, scatter)

    def _number(self, b: Builder, x: Value) -> Value:
        return x if x.type.dtype is self.signed else b.convert(x, dtype=self.signed)


class _Radix:
    """Words are moved to their places by one digit after the other, from the last on.

    A word is a key with its place behind it; keys of 64 bits have their places in a second word.
    The first digit is the highest in which keys differ. From there on as many are looked at as
    leave hardly any keys equal, and neighbours in wrong order change places; where that
    does not do, all digits are looked at.
    """

    def __init__(self, context: Context, keys: _Keys, length: int) -> None:
        self.context = context
        self.keys = keys
        self.is_pair = keys.dtype.bits > PLACE_BITS or length >= 1 << PLACE_BITS
        self.base = 0 if self.is_pair else PLACE_BITS
        self.digits = -(-(length.bit_length() + SPARE_BITS) // DIGIT_BITS)
        width = 2 if self.is_pair else 1
        self.words = context.temp(u64, (2, length, width), "words")
        self.counts = context.temp(i64, (DIGITS,), "counts")
        self.zero, self.one = context.index(0), context.index(1)
        self.parts = [self.zero, self.one][:width]
        self.end = context.index(length)

    def sort(self, b: Builder, read: Read, write: Write) -> None:
        """Emits what sorts a line."""
        b.loop(self.zero, self.end, lambda c, i: self._fill(c, i, read), kind="parallel")
        high = self._high(b)
        low = b.maximum(b.sub(high, self.context.index(self.digits * DIGIT_BITS)), self.zero)

        def attempt(c: Builder, k: Value, side: Value, low: Value, high: Value) -> Place:
            side = self._by_digits(c, side, low, high)
            some = c.minimum(c.select(c.gt(low, self.zero), self.end, self.zero), self.end)
            wrong = self._exchanged(c, side, some)
            return side, self.zero, c.select(c.gt(wrong, self.zero), high, self.zero)

        side, *_ = b.loop(self.zero, self.context.index(2), attempt, (self.zero, low, high))

        def result(c: Builder, i: Value) -> Place:
            write(c, self._place_of(c, side, i), i)
            return ()

        b.loop(self.zero, self.end, result, kind="parallel")

    def _fill(self, b: Builder, i: Value, read: Read) -> Place:
        key, place = b.convert(self.keys.of(b, read(b, i)), dtype=u64), b.bitcast(i, dtype=u64)
        if self.is_pair:
            b.store(place, self.words, self.zero, i, self.one)
        else:
            key = b.or_(b.shift_left(key, b.full_like(key, PLACE_BITS)), place)
        b.store(key, self.words, self.zero, i, self.zero)
        return ()

    def _place_of(self, b: Builder, side: Value, i: Value) -> Value:
        word = b.load(self.words, side, i, self.one if self.is_pair else self.zero)
        if not self.is_pair:
            word = b.and_(word, b.full_like(word, (1 << PLACE_BITS) - 1))
        return b.bitcast(word, dtype=i64)

    def _high(self, b: Builder) -> Value:
        """How many bits of a key there are from the highest on in which keys differ."""
        first = b.load(self.words, self.zero, self.zero, self.zero)

        def differ(c: Builder, i: Value, found: Value) -> Place:
            word = c.load(self.words, self.zero, i, self.zero)
            return (c.or_(found, c.xor(word, first)),)

        (found,) = b.loop(self.one, self.end, differ, (b.full_like(first, 0),))
        for step in (1, 2, 4, 8, 16, 32):
            found = b.or_(found, b.shift_right(found, b.full_like(found, step)))
        bits = b.bitcast(b.bit_count(found), dtype=i64)
        return b.maximum(b.sub(bits, self.context.index(self.base)), self.zero)

    def _digit(self, b: Builder, word: Value, low: Value) -> Value:
        digit = b.and_(b.shift_right(word, low), b.full_like(word, DIGITS - 1))
        return b.bitcast(digit, dtype=i64)

    def _by_digits(self, b: Builder, side: Value, low: Value, high: Value) -> Value:
        """Moves the words by digits from bit `low` of keys to bit `high`; gives their side."""
        width, most = self.context.index(DIGIT_BITS), self.context.index(WORD_DIGITS)
        start = b.bitcast(b.add(low, self.context.index(self.base)), dtype=u64)

        def digit(c: Builder, k: Value, side: Value) -> Place:
            return (self._move(c, side, c.add(start, c.bitcast(c.mul(k, width), dtype=u64))),)

        whole = b.add(b.sub(high, low), self.context.index(DIGIT_BITS - 1))
        digits = b.minimum(b.shift_right(whole, self.context.index(DIGIT_SHIFT)), most)
        return b.loop(self.zero, digits, digit, (side,))[0]

    def _move(self, b: Builder, side: Value, low: Value) -> Value:
        """Moves the words of one side to the other, in order of the digit from bit `low` on."""
        other, digits = b.sub(self.one, side), self.context.index(DIGITS)

        def clear(c: Builder, digit: Value) -> Place:
            c.store(self.zero, self.counts, digit)
            return ()

        def count(c: Builder, i: Value) -> Place:
            digit = self._digit(c, c.load(self.words, side, i, self.zero), low)
            c.store(c.add(c.load(self.counts, digit), self.one), self.counts, digit)
            return ()

        def begin(c: Builder, digit: Value, before: Value) -> Place:
            number = c.load(self.counts, digit)
            c.store(before, self.counts, digit)
            return (c.add(before, number),)

        def move(c: Builder, i: Value) -> Place:
            word = c.load(self.words, side, i, self.zero)
            digit = self._digit(c, word, low)
            place = c.load(self.counts, digit)
            c.store(c.add(place, self.one), self.counts, digit)
            c.store(word, self.words, other, place, self.zero)
            if self.is_pair:
                c.store(c.load(self.words, side, i, self.one), self.words, other, place, self.one)
            return ()

        b.loop(self.zero, digits, clear, kind="parallel")
        b.loop(self.zero, self.end, count)
        b.loop(self.zero, digits, begin, (self.zero,))
        b.loop(self.zero, self.end, move)
        return other

    def _exchanged(self, b: Builder, side: Value, end: Value) -> Value:
        """Neighbours among the first `end` words in order; how many pairs are not even then."""
        last = b.sub(b.maximum(end, self.one), self.one)

        def word(c: Builder, i: Value) -> Place:
            return tuple(c.load(self.words, side, i, k) for k in self.parts)

        def exchange(c: Builder, i: Value, *kept: Value) -> Place:
            following = word(c, c.add(i, self.one))
            swap = c.lt(following[0], kept[0])
            pairs = list(zip(kept, following, strict=True))
            for k, (held, new) in zip(self.parts, pairs, strict=True):
                c.store(c.select(swap, new, held), self.words, side, i, k)
            return tuple(c.select(swap, held, new) for held, new in pairs)

        def is_wrong(c: Builder, i: Value, wrong: Value) -> Place:
            here, following = word(c, i)[0], word(c, c.add(i, self.one))[0]
            return (c.add(wrong, c.convert(c.lt(following, here), dtype=i64)),)

        for _ in range(EXCHANGES):
            kept = b.loop(self.zero, last, exchange, word(b, self.zero))
            for k, part in zip(self.parts, kept, strict=True):
                b.store(part, self.words, side, last, k)
        return b.loop(self.zero, last, is_wrong, (self.zero,))[0]
