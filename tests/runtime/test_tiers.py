"""Baseline code: when it is made, that it gives the bits of full code, and that this follows."""

from dataclasses import replace

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as gr
from jitflow.config import settings
from jitflow.ir.core import walk
from jitflow.runtime import tiers
from jitflow.runtime.tiers import baseline_calls

RANDOM = np.random.default_rng(0)
SMALL = RANDOM.standard_normal((17, 33)).astype(np.float32)
HALF = SMALL.astype(np.float16)
SPECIAL = np.array([np.nan, -0.0, 0.0, np.inf, -np.inf, 1e-45, -3.5, 2**30], np.float32)


def compiled_of(f):
    (compiled,) = f._cache.values()
    return compiled


def calls_of(f):
    return compiled_of(f).road.executable.body.baseline_calls


def results_of(result):
    return result if isinstance(result, tuple) else (result,)


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


FUNCTIONS = {
    "elementwise": (lambda x: np.tanh(x * 1.5 + 2) / np.maximum(np.sin(x), 0.25), SMALL),
    "special": (lambda x: (np.minimum(x, 0.0), np.maximum(x, -0.0), np.exp(x), x // 2), SPECIAL),
    "to_integers": (lambda x: (x.astype(np.int32), x.astype(np.uint8), x > 0), SPECIAL),
    "sums": (lambda x: (x.sum(), x.sum(axis=0), x.mean(axis=1), x.argmax(axis=1)), SMALL),
    "softmax": (softmax, SMALL),
    "product": (lambda x: (x @ x.T, x.T @ x), SMALL),
    "gradient": (jf.grad(lambda x: np.tanh(x @ x.T).mean()), SMALL),
    "views": (lambda x: np.concatenate([x.T[::-1], x.T * 2]), SMALL),
    "halves": (lambda x: x * x + np.float16(0.1), HALF),
    "complex": (lambda x: np.abs((x + 1j) * (x - 2j)), SMALL),
    "sorted": (lambda x: np.sort(x, axis=1).cumsum(axis=1), SMALL),
    "gather": (lambda x: x[x.argmax(axis=0), ::2].copy() + 1, SMALL),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_tiers_give_the_same_bits(name, monkeypatch):
    monkeypatch.setattr(tiers, "carries_values", lambda loops: False)
    function, x = FUNCTIONS[name]
    f = jf.jit(function)
    first = f(x)
    assert calls_of(f) > 0
    f._entry.clear()
    compiled_of(f).refine()
    assert calls_of(f) == 0
    for before, after in zip(results_of(first), results_of(f(x)), strict=True):
        np.testing.assert_array_equal(before, after, strict=True)


def test_code_is_made_well_once_it_has_served(monkeypatch):
    monkeypatch.setattr(tiers, "FIRST_PATIENCE", 30 * 10_000)
    monkeypatch.setattr(tiers, "PATIENCE", 0)
    monkeypatch.setattr(tiers, "LOOP_PATIENCE", 0)
    f = jf.jit(lambda x: x * 2 + 1)
    x = np.arange(8192.0, dtype=np.float32)
    f(x)
    calls = calls_of(f)
    assert 8 <= calls < 1000
    for _ in range(calls + 5):
        np.testing.assert_array_equal(f(x), x * 2 + 1)
    assert calls_of(f) == 0
    assert f.cache_info() == (calls + 5, 1, 1)
    steps = [step.step for step in compiled_of(f).compile_report().steps]
    assert steps.count("machine code") == 2
    assert "refine" in steps


def test_calls_through_python_are_counted_too(monkeypatch):
    monkeypatch.setattr(tiers, "FIRST_PATIENCE", 20 * 10_000)
    monkeypatch.setattr(tiers, "PATIENCE", 0)
    monkeypatch.setattr(tiers, "LOOP_PATIENCE", 0)
    f = jf.jit(lambda x: x * 2 + 1)
    x = np.arange(8192.0, dtype=np.float32)
    f(x)
    f._entry.clear()
    f._entry.is_native = False
    for _ in range(calls_of(f) + 2):
        np.testing.assert_array_equal(f(x), x * 2 + 1)
    assert calls_of(f) == 0


def test_other_signatures_keep_their_rows(monkeypatch):
    monkeypatch.setattr(tiers, "FIRST_PATIENCE", 20 * 10_000)
    monkeypatch.setattr(tiers, "PATIENCE", 0)
    monkeypatch.setattr(tiers, "LOOP_PATIENCE", 0)
    f = jf.jit(lambda x: x * 2 + 1)
    arrays = [np.arange(8192.0 + k, dtype=np.float32) for k in range(3)]
    for _ in range(100):
        for x in arrays:
            np.testing.assert_array_equal(f(x), x * 2 + 1)
    assert [c.road.executable.body.baseline_calls for c in f._cache.values()] == [0, 0, 0]
    assert f.cache_info() == (297, 3, 3)


def test_long_calls_and_long_code_are_made_well_at_once(monkeypatch):
    f = jf.jit(lambda x: x * 2 + 1)
    ops = list(walk(f.lower(np.ones(8)).road.kernels.body))
    assert baseline_calls(ops, 100.0) > baseline_calls(ops, 1000.0) > 0
    assert baseline_calls(ops, 1e9) == 0
    assert baseline_calls(ops * 16384, 100.0) == 0
    monkeypatch.setattr(tiers, "settings", replace(settings, baseline=False))
    assert baseline_calls(ops, 100.0) == 0


@pytest.mark.parametrize("name", ["sums", "product", "gradient"])
def test_products_and_reductions_are_full_code_at_once(name):
    function, x = FUNCTIONS[name]
    f = jf.jit(function)
    f(x)
    assert calls_of(f) == 0


def test_runs_of_sessions_stay_native(monkeypatch):
    monkeypatch.setattr(tiers, "FIRST_PATIENCE", 20 * 1000)
    monkeypatch.setattr(tiers, "PATIENCE", 0)
    monkeypatch.setattr(tiers, "LOOP_PATIENCE", 0)
    with gr.Graph().as_default() as graph:
        x = gr.placeholder("float32", [1024], name="x")
        y = x * 2.0 + 1.0
    session = gr.Session(graph)
    value = np.arange(1024, dtype=np.float32)
    for _ in range(300):
        np.testing.assert_array_equal(session.run(y, {x: value}), value * 2 + 1)
    before = session._native.calls
    session.run(y, {x: value})
    assert session._native.calls == before + 1
    (row,) = session._native._entry.rows.values()
    assert not row.is_spent
    assert len(session._native._tried) == 2 and before > 280
