"""Layouts: boxes and frames stand apart, lines go along the flow and over no box."""

import random
import time
from itertools import combinations

import pytest

from jitflow.drawing.layers import Item, Link
from jitflow.drawing.layout import arrange
from jitflow.drawing.nested import place
from jitflow.drawing.order import crossings, order_layers
from jitflow.drawing.points import make_layers
from jitflow.drawing.scopes import make_frames
from jitflow.errors import ArgumentError


def some_graph(count=60, seed=1):
    chance = random.Random(seed)
    sizes = [(40.0 + 13 * (i % 5), 20.0 + 7 * (i % 3)) for i in range(count)]
    ends = {(chance.randrange(max(0, i - 9), i), i) for i in range(1, count) for _ in range(2)}
    return sizes, [(a, b, b % 2) for a, b in sorted(ends)]


def passes(points, corner, size):
    """Whether a line goes through the inside of a box; it bends within the steps of its points."""
    (x, y), (width, height) = corner, size
    inside = []
    for (ax, ay), (bx, by) in zip(points, points[1:], strict=False):
        low, high = sorted((ax, bx)), sorted((ay, by))
        inside.append(
            low[0] < x + width - 0.1 and low[1] > x + 0.1
            and high[0] < y + height - 0.1 and high[1] > y + 0.1
        )  # fmt: skip
    return any(inside)


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("scoped", [False, True])
@pytest.mark.parametrize(("count", "seed"), [(60, 1), (25, 2), (13, 3)])
def test_boxes_stand_apart_and_no_line_passes_over_one(direction, scoped, count, seed):
    sizes, lines = some_graph(count, seed)
    paths = [(f"s{i // 12}", f"t{i // 4}") if scoped and i % 5 else () for i in range(len(sizes))]
    root = make_frames(paths, [line[:2] for line in lines])
    assert bool(root.frames) is scoped
    placed = place(root, sizes, lines, direction)
    boxes = list(zip(placed.corners, sizes, strict=True))
    for ((ax, ay), (aw, ah)), ((bx, by), (bw, bh)) in combinations(boxes, 2):
        assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay
    for (x, y), (width, height) in boxes:
        assert 0 <= x and x + width <= placed.size[0] and 0 <= y and y + height <= placed.size[1]
    along = 1 if direction == "TB" else 0
    for (source, target, _), points in zip(lines, placed.routes, strict=True):
        assert [p[along] for p in points] == sorted(p[along] for p in points)
        for i, (corner, size) in enumerate(boxes):
            assert i in (source, target) or not passes(points, corner, size)


def test_frames_hold_what_they_hold_and_nothing_else():
    sizes, lines = some_graph(40)
    paths = [(f"s{i // 10}",) for i in range(40)]
    placed = place(make_frames(paths, [line[:2] for line in lines]), sizes, lines, "TB")
    assert [label for label, *_ in placed.frames] == ["s0", "s1", "s2", "s3"]
    for label, _, (x, y), (width, height) in placed.frames:
        for path, (bx, by), (bw, bh) in zip(paths, placed.corners, sizes, strict=True):
            inside = x <= bx and bx + bw <= x + width and y <= by and by + bh <= y + height
            outside = bx + bw <= x or x + width <= bx or by + bh <= y or y + height <= by
            assert inside if path == (label,) else outside


def test_lines_of_one_value_go_together():
    items = [Item(30, 10) for _ in range(5)]
    links = [Link(0, 1, "x"), Link(1, 2, "x"), Link(2, 3, "x"), Link(0, 3, "x"), Link(0, 4, "x")]
    links += [Link(3, 4, "x")]
    layout = arrange(items, links)
    shared = layout.routes[Link(0, 3, "x")]
    assert layout.routes[Link(0, 4, "x")][:3] == shared[:3]


def test_wide_layers_are_broken():
    items = [Item(30, 10) for _ in range(101)]
    layout = arrange(items, [Link(0, i, 0) for i in range(1, 101)], widest=600)
    assert layout.across < 1200 and len({y for _, y in layout.corners}) > 5


def test_what_only_leads_away_stands_next_to_its_use():
    items = [Item(10, 10)] * 5
    links = [Link(0, 1, 0), Link(1, 2, 0), Link(2, 3, 0), Link(4, 3, 0)]
    assert make_layers(items, links, 100, 1).layer == [0, 1, 2, 3, 2]


def test_lines_do_not_cross_where_they_need_not():
    items = [Item(10, 10)] * 8
    links = [Link(i, 7 - i, 0) for i in range(4)]
    graph = make_layers(items, links, 1000, 1)
    assert crossings(graph, graph.rows()) == 6
    assert crossings(graph, order_layers(graph)) == 0


def test_scopes_that_lead_to_each_other_are_no_frames():
    paths = [("a",), ("b",), ("a",), ("b",), ("c",), ("c",)]
    root = make_frames(paths, [(0, 1), (1, 2), (2, 3), (4, 5)])
    assert [frame.label for frame in root.frames] in (["c"], ["a", "c"], ["b", "c"])


def test_scopes_of_one_thing_are_no_frames():
    root = make_frames([("a",), ("b", "c"), ("b", "c"), ("b", "d")], [])
    (frame,) = root.frames
    assert (frame.label, root.boxes, frame.boxes) == ("b", [0], [3])
    assert [inner.label for inner in frame.frames] == ["c"]


def test_cycles_are_refused():
    with pytest.raises(ArgumentError, match="make a cycle"):
        place(make_frames([("s",)] * 3, [(0, 1), (1, 2), (2, 1)]), [(1, 1)] * 3,
              [(0, 1, 0), (1, 2, 0), (2, 1, 0)], "TB")  # fmt: skip


def test_nothing_and_one_box():
    assert place(make_frames([], []), [], [], "LR").size == (0, 0)
    assert place(make_frames([()], []), [(10, 5)], [], "LR").size == (10, 5)


@pytest.mark.parametrize("shape", ["chain", "fan", "mirror"])
def test_thousands_of_boxes(shape):
    count = 1200
    ends = [(0 if shape == "fan" else i - 1, i) for i in range(1, count)]
    ends += [(0, count - 1)] if shape != "mirror" else [(i, count - 1 - i) for i in range(60)]
    start = time.process_time()
    lines = [(a, b, 0) for a, b in ends]
    placed = place(make_frames([()] * count, ends), [(40.0, 20.0)] * count, lines, "TB")
    assert len(placed.corners) == count
    assert time.process_time() - start < 10
