"""The stages of a jitted function."""


import numpy as np
import pytest

import jitflow as jf
from jitflow.api import order
from jitflow.errors import ParseError, TraceError
from jitflow.ir.parser import parse_function
from jitflow.ir.verifier import verify

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@jf.jit
def f(x, k):
    unused = x + 1  # noqa: F841
    return x * k


def test_traced_shows_the_graph():
    traced = f.trace(X, 2.0)
    assert traced.as_text() == traced.as_text("graph")
    assert traced.as_text().startswith("func @f(%x: f32[2, 3], %k: f64[]) {")
    assert "add" in traced.as_text() and "add" not in traced.as_text("opt")
    assert "test_stages.py:19" in traced.as_text(locations=True)
    assert repr(traced) == "<Traced f>"


def test_every_level_is_shown_by_every_stage():
    traced = f.trace(X, 2.0)
    lowered = traced.lower()
    compiled = lowered.compile()
    for level in ("graph", "ir", "opt", "kernels", "llvm", "asm"):
        texts = {stage.as_text(level) for stage in (traced, lowered, compiled)}
        assert len(texts) == 1 and texts.pop().strip()
    assert lowered.as_text() == traced.as_text("opt")
    assert compiled.as_text() == traced.as_text("llvm")


@pytest.mark.parametrize("level", ["graph", "ir", "opt", "kernels"])
def test_ir_levels_parse_back(level):
    function = parse_function(f.trace(X, 2.0).as_text(level))
    verify(function)


@pytest.mark.parametrize("vector_bytes, lanes", [(16, 8), (64, 32)])
def test_kernels_have_the_vectors_of_the_machine(monkeypatch, vector_bytes, lanes):
    target = order.host_target()._replace(vector_bytes=vector_bytes)
    monkeypatch.setattr(order, "host_target", lambda: target)
    text = f.trace(jf.spec("f32[256]"), 2.0).as_text("kernels")
    assert f"f32<{lanes}>" in text


def test_compiled_code_is_called_with_its_signature():
    compiled = f.lower(X, 2.0).compile()
    np.testing.assert_array_equal(compiled(X, 3.0), X * 3, strict=True)
    with pytest.raises(TraceError, match=r"x is float64\[2, 3\]; this code is for f32\[2, 3\]"):
        compiled(X.astype(np.float64), 3.0)
    with pytest.raises(TraceError, match="differs"):
        compiled(X)
    with pytest.raises(TraceError, match="differs"):
        compiled((X, X), 3.0)


def test_specs_stand_in_for_arrays():
    compiled = f.trace(jf.spec("f32[4, 2]"), jf.spec("float")).lower().compile()
    np.testing.assert_array_equal(compiled(np.ones((4, 2), np.float32), 2.0), 2)
    tree = jf.jit(lambda p: p["w"] @ p["x"]).trace(jf.spec("{w: f32[2, 3], x: f32[3]}"))
    assert "%p_w: f32[2, 3]" in tree.as_text()


def test_static_arguments_are_not_passed_again():
    g = jf.jit(lambda x, n: x * n, static_argnames="n")
    compiled = g.lower(X, n=3).compile()
    np.testing.assert_array_equal(compiled(X), X * 3)
    compiled = g.lower(X, 4).compile()
    np.testing.assert_array_equal(compiled(X), X * 4)


def test_specs_as_text_and_unknown_levels_are_refused():
    with pytest.raises(TraceError, match=r"(.|\n)*cure: .* write jf.spec\('f32\[3\]'\)"):
        jf.jit(lambda x: x).lower("f32[3]")
    with pytest.raises(ParseError, match="unknown stage 'loops'; expected one of graph, ir"):
        f.trace(X, 1.0).as_text("loops")
