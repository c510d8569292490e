"""Radix sort of the indices of a line (Knuth, The Art of Computer Programming, 5.2.5)."""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Value
from jitflow.ir.dtypes import i64, u64
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.sort_keys import Keys, Place, Read, Write

DIGIT_BITS = 8
"""More would leave fewer digits, but more places to write to than the first cache has lines."""

DIGIT_SHIFT = DIGIT_BITS.bit_length() - 1
DIGITS = 1 << DIGIT_BITS
WORD_DIGITS = 64 // DIGIT_BITS
SPARE_BITS = 16
"""Bits that are looked at beyond those that tell as many keys apart as there are."""

EXCHANGES = 2
"""How far an element may then stand from its place."""

PLACE_BITS = 32
"""Of a word that holds a key's place beside a key of as many bits."""


class Radix:
    """Words are moved to their places by one digit after the other, from the last on.

    A word is a key with its place behind it; keys of 64 bits have their places in a second word.
    The first digit is the highest in which keys differ. From there on as many are looked at as
    leave hardly any keys equal, and neighbours in wrong order change places; where that
    does not do, all digits are looked at.
    """

    def __init__(self, context: Context, keys: Keys, length: int) -> None:
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
            # The estimate of work knows a loop's bound by its least, not by what is selected.
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
