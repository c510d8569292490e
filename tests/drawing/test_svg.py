"""SVG texts: whole, well formed, equal for equal pictures, safe with any text, readable by all."""

from xml.etree import ElementTree

import pytest

from jitflow.drawing import Box, Line, Picture, Row, draw
from jitflow.drawing.model import clipped, columns, shortened
from jitflow.drawing.svg import MAX_BOXES
from jitflow.errors import ArgumentError

SVG = "{http://www.w3.org/2000/svg}"


def picture(*names, **facts):
    boxes = [Box("op", name, name, [Row("f32", style="note")], about=name) for name in names]
    lines = [Line(i, i + 1, ["x"]) for i in range(len(names) - 1)]
    return Picture("title <&>", "about \"it\"", boxes, lines, **facts)


def read(text):
    return ElementTree.fromstring(text)


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_equal_pictures_are_equal_texts(direction):
    assert draw(picture("a", "b"), direction) == draw(picture("a", "b"), direction)


def test_it_says_what_it_is_and_asks_for_nothing():
    text = draw(picture("a", "b"))
    svg = read(text)
    assert svg[0].text == svg.get("aria-label") == "title <&>" and svg.get("role") == "img"
    assert svg[1].tag == f"{SVG}desc" and svg[1].text == 'about "it"'
    rest = text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not any(word in rest for word in ("http", "href", "url(", "@import", "<script"))
    assert "prefers-color-scheme:dark" in text


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "]]>", "&amp;\"", "\x00\x07\ud800", "\u4e2d\u6587", "a b\nc", ""],
)
def test_any_name(name):
    svg = read(draw(picture(name, "other")))
    assert not list(svg.iter(f"{SVG}script"))
    box = next(g for g in svg.iter(f"{SVG}g") if (g.get("id") or "").startswith("node-"))
    assert box.get("id").isascii() and " " not in box.get("id")


def test_ids_are_of_names_and_told_apart():
    svg = read(draw(picture("a/b", "a_b", "a b")))
    ids = [g.get("id") for g in svg.iter(f"{SVG}g") if g.get("id")]
    assert ids == ["node-a_2f_b", "node-a_5f_b", "node-a_20_b"]


def test_long_names_keep_both_ends():
    shown = shortened("x" * 50 + "/end", 20)
    assert shown.endswith("/end") and columns(shown) <= 20 and "\u2026" in shown
    assert columns(clipped("\u4e2d" * 50, 21)) <= 21
    assert clipped("one\n two") == "one two"


def test_a_frame_says_what_its_boxes_then_need_not():
    made = picture("s/a", "s/b", "t")
    for box in made.boxes[:2]:
        box.scopes = ("s",)
    shown = [text.text for text in read(draw(made)).iter(f"{SVG}text")]
    assert {"s", "a", "b", "t"} <= set(shown) and "s/a" not in shown


def test_depth_closes_scopes():
    made = picture("s/t/a", "s/t/b", "s/c", "d")
    for box in made.boxes[:3]:
        box.scopes = tuple(box.name.split("/")[:-1])
    made.boxes[0].kind = "effect"
    shown = [text.text for text in read(draw(made, depth=0)).iter(f"{SVG}text")]
    assert {"s", "3 nodes", "has side effects", "d", "1 scopes are closed"} <= set(shown)
    assert "c" not in shown
    shown = [text.text for text in read(draw(made, depth=1)).iter(f"{SVG}text")]
    assert {"s", "t", "2 nodes", "c", "d"} <= set(shown)
    assert draw(made, depth="few") == draw(made)


def test_few_closes_as_many_as_it_must():
    made = picture(*(f"s{i // 100}/b{i}" for i in range(400)))
    for box in made.boxes:
        box.scopes = (box.name.split("/")[0],)
    shown = [text.text for text in read(draw(made, depth="few")).iter(f"{SVG}text")]
    assert "100 nodes" in shown and "b0" not in shown


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"direction": "up"}, "expected 'LR' or 'TB'"), ({"depth": -1}, "depth -1"),
     ({"depth": "all"}, "depth 'all'"), ({"depth": 1.5}, "depth 1.5")],
)  # fmt: skip
def test_options_that_are_wrong(options, problem):
    with pytest.raises(ArgumentError, match=problem):
        draw(picture("a"), **options)


def test_too_many_boxes():
    with pytest.raises(ArgumentError, match="cure: draw less"):
        draw(Picture("", "", [Box("op", "a", "", [Row("a")])] * (MAX_BOXES + 1)))
