"""Places in an arena are the lowest free ones, however many there are."""

from itertools import groupby
from random import Random

from jitflow.passes.lowering.places import Places


def lowest(taken, size, first, last):
    """The same by looking at every place."""
    at = 0
    for start, end, born, dies in sorted(taken):
        if born <= last and dies >= first:
            if start - at >= size:
                return at
            at = max(at, end)
    return at


def test_places_are_the_lowest_that_are_free():
    random = Random(1)
    spans = []
    for first in range(400):
        length = random.choice([0, 3, 20, 800 - 2 * first])
        size = random.choice([0, 64, 64, 64, 192, 448, 1024])
        spans.append((size, first, first + max(length, 0)))
    places, taken = Places(), []
    ordered = sorted(spans, key=lambda span: (-span[0], span[1]))
    for size, group in groupby(ordered, key=lambda span: span[0]):
        members = [(first, last) for _, first, last in group]
        for (first, last), at in zip(members, places.take(size, members), strict=True):
            assert at == (lowest(taken, size, first, last) if size else 0)
            if size:
                taken.append((at, at + size, first, last))
    assert len(taken) > 300
