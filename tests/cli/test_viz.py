"""`jitflow viz`: pictures are whole, well formed, true to the function, and ask for nothing."""

import re
import time
from itertools import combinations
from xml.etree import ElementTree

import pytest

from jitflow.cli.drawing import draw
from jitflow.cli.layout import place
from jitflow.cli.main import main
from jitflow.ir.parser import parse_function

SVG = "{http://www.w3.org/2000/svg}"
FILE = """\
import numpy as np

def loss(x, w):
    z = np.tanh(x @ w)  # <&">
    return (z * z).sum()
"""
KERNEL = """\
func @f(%x: f32[4], %y: f32[4]) {
  %0: f32[] = constant {value=0.5}
  %1: f32[4] = broadcast %0 {shape=[4], axes=[]}
  %2: f32[4] = kernel %x, %1 {kind="loop"} (%3: f32[4], %4: f32[4]) {
    %5: f32[4] = exp %3
    %6: f32[4] = mul %5, %4
    yield %6
  }
  %7: f32[4] = add %2, %y
  return %7, %7
}
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model_for_viz.py").write_text(FILE)
    return ["viz", "model_for_viz.py:loss", "--args", "f32[4, 3], f32[3, 2]"]


def titles(svg):
    return [title.text for title in svg.iter(f"{SVG}title")]


def texts(svg):
    return [text.text for text in svg.iter(f"{SVG}text")]


def test_picture_of_the_kernels(model, tmp_path, capsys):
    assert main([*model, "--grad", "-o", "out.svg"]) == 0
    assert capsys.readouterr().out == "wrote out.svg\n"
    svg = ElementTree.fromstring((tmp_path / "out.svg").read_text())
    assert svg.tag == f"{SVG}svg" and "kernel loop" in texts(svg)
    assert any("tanh" in text for text in texts(svg))
    place = re.escape(str(tmp_path / "model_for_viz.py"))
    assert any(re.match(rf'{place}:4: z = np.tanh\(x @ w\)  # <&">', t) for t in titles(svg))


def test_page_shows_both(model, tmp_path, capsys):
    assert main(model) == 0
    assert capsys.readouterr().out == "wrote loss.html\n"
    page = (tmp_path / "loss.html").read_text()
    graph, fused = (ElementTree.fromstring(t) for t in re.findall("(?s)<svg.*?</svg>", page))
    assert not any("kernel" in text for text in texts(graph))
    kernels = sum(text.startswith("kernel ") for text in texts(fused))
    assert "As it was written: 4 ops" in page and f"As it was fused: {kernels} kernels" in page


def test_page_asks_for_nothing(model, capsys):
    assert main([*model, "-o", "-"]) == 0
    page = capsys.readouterr().out.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|src=|href=|@import|url\(|<script", page)


def test_names_and_numbers_go_through_kernels():
    svg = ElementTree.fromstring(draw(parse_function(KERNEL)))
    shown = texts(svg)
    assert "%0 = broadcast 0.5 {shape=[4], axes=[]}" in shown
    assert "%1 = exp %x" in shown and "%2 = mul %1, %0" in shown and "%3 = add %2, %y" in shown
    assert shown.count("return %3") == 1
    assert "%2: f32[4]" in titles(svg)


def test_a_kernel_that_gives_a_number_says_so():
    text = "func @f() { %0: f32[2] = kernel {kind=\"loop\"} () { %1: f32[2] = constant {value=3.0}"
    svg = ElementTree.fromstring(draw(parse_function(text + " yield %1 } return %0 }")))
    assert texts(svg) == ["kernel loop", "constant 3.0", "f32[2]", "return 3.0", "f32[2]"]


def test_text_of_ir(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.jf").write_text("func @f(%x: f32[4]) {\n  %0: f32[4] = exp %x\n  return %0\n}\n")
    assert main(["viz", "f.jf", "-o", "f.svg"]) == 0
    assert any("f.jf:2" in t for t in titles(ElementTree.parse("f.svg").getroot()))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("func @f(%x: f32[4]) {", "f.jf:1"),
        ("", "f.jf"),
        ("func @f() { return } func @g() { return }", "has 2 functions; viz draws one"),
        ("func @f(%x: &f32[4]) { %0: &f32[4] temp = alloc return }", "is loop IR"),
    ],
)
def test_text_that_cannot_be_drawn(tmp_path, monkeypatch, capsys, text, problem):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.jf").write_text(text)
    assert main(["viz", "f.jf"]) == 2
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "f.html").exists()


def test_boxes_do_not_overlap_and_lines_go_down():
    sizes = [(40.0 + 13 * (i % 5), 20.0 + 7 * (i % 3)) for i in range(40)]
    edges = [(i // 2, i) for i in range(1, 40)] + [(i // 3, i) for i in range(3, 40)]
    layout = place(sizes, edges)
    boxes = [(*corner, *size) for corner, size in zip(layout.corners, sizes, strict=True)]
    for (ax, ay, aw, ah), (bx, by, bw, bh) in combinations(boxes, 2):
        assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay
    assert layout.lines.keys() == set(edges)
    for points in layout.lines.values():
        heights = [y for _, y in points]
        assert heights == sorted(heights)
    assert all(0 <= x and x + w <= layout.width for x, _, w, _ in boxes)
    assert all(0 <= y and y + h <= layout.height for _, y, _, h in boxes)


def test_nothing_and_one_box():
    assert place([], []).corners == []
    assert place([(10, 10)], []) == place([(10, 10)], ())


@pytest.mark.parametrize("shape", ["chain", "fan"])
def test_thousands_of_boxes(shape):
    count = 4000
    edges = [(i - 1 if shape == "chain" else 0, i) for i in range(1, count)]
    start = time.process_time()
    place([(40.0, 20.0)] * count, [*edges, (0, count - 1)])
    assert time.process_time() - start < 5
