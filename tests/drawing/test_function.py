"""Functions as pictures: names, numbers and kernels as the IR has them."""

import re
from xml.etree import ElementTree

import numpy as np

import jitflow as jf
from jitflow.drawing import draw_function
from jitflow.ir.parser import parse_function

SVG = "{http://www.w3.org/2000/svg}"
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


def drawn(text):
    return ElementTree.fromstring(draw_function(parse_function(text)))


def titles(svg):
    return [title.text for title in svg.iter(f"{SVG}title")]


def texts(svg):
    return [text.text for text in svg.iter(f"{SVG}text")]


def test_names_and_numbers_go_through_kernels():
    svg = drawn(KERNEL)
    shown = texts(svg)
    assert "%0 = broadcast 0.5 {shape=[4], axes=[]}" in shown
    assert "%1 = exp %x" in shown and "%2 = mul %1, %0" in shown and "%3 = add %2, %y" in shown
    assert shown.count("return %3") == 1
    assert "%2: f32[4]" in titles(svg)


def test_equal_names_are_told_apart():
    text = "func @f(%x: f32[]) { %0: f32[] = call %x {name=\"g\"} (%y: f32[]) { yield %y }"
    inner = " %x_1: f32[] = exp %x %1: f32[] = while %x_1 (%x: f32[]) { %2: bool[] = eq %x, %x"
    text += inner + " yield %2 } (%x: f32[]) { %3: f32[] = neg %x yield %3 } return %0, %1 }"
    shown = texts(drawn(text))
    assert "%x_1 = exp %x" in shown and "%0 = eq %x_2, %x_2" in shown
    assert any(re.match(r"%\d+ = neg %x_3", text) for text in shown)


def test_a_kernel_that_gives_a_number_says_so():
    text = "func @f() { %0: f32[2] = kernel {kind=\"loop\"} () { %1: f32[2] = constant {value=3.0}"
    shown = texts(drawn(text + " yield %1 } return %0 }"))
    assert shown[:5] == ["kernel loop", "constant 3.0", "f32[2]", "return 3.0", "f32[2]"]


def test_notebooks_show_stages():
    traced = jf.jit(lambda x: np.tanh(x) * 2).trace(jf.spec("f32[8]"))
    written, fused = traced._repr_svg_(), traced.lower()._repr_svg_()
    assert "tanh %x" in written and "kernel loop" not in written and "kernel loop" in fused
    assert traced.to_svg("LR") != written and fused == traced.lower().to_svg()


def test_of_many_ops_the_first_and_the_last_are_shown():
    names = [f"%v{i}" for i in range(300)]
    ops = [f"{b}: f32[4] = neg {a}" for a, b in zip(names, names[1:], strict=False)]
    body = "\n".join([*ops, "yield %v299"])
    kernel = f'%k: f32[4] = kernel %x {{kind="loop"}} (%v0: f32[4]) {{ {body} }}'
    shown = texts(drawn(f"func @f(%x: f32[4]) {{ {kernel} return %k }}"))
    assert "\u2026 239 more" in shown and len(shown) < 140 and "%v1 = neg %x" in shown


def test_notebooks_show_no_picture_of_thousands():
    def long(x):
        for _ in range(1600):
            x = x + 1
        return x

    traced = jf.jit(long).trace(jf.spec("f32[8]"))
    assert traced._repr_svg_() is None
