"""What `compile_report` says of a function's compilations."""

import json

import numpy as np

import jitflow as jf

X = np.linspace(0.1, 1, 24, dtype=np.float32).reshape(4, 6)


def softmax_rows(x, w):
    e = np.exp(x)
    return (e / e.sum(axis=1, keepdims=True)) @ w


FIRST_LINE = softmax_rows.__code__.co_firstlineno + 1


def test_nothing_is_compiled_yet():
    report = jf.jit(softmax_rows).compile_report()
    assert len(report) == 0 and report.data() == []
    assert str(report) == "nothing is compiled yet\n"


def test_steps_are_those_of_the_road_in_order():
    f = jf.jit(softmax_rows)
    f(X, X.T.copy())
    (found,) = f.compile_report()
    names = [step.step.partition("{")[0] for step in found.steps]
    wanted = [
        "trace", "inline", "canonicalize", "fuse", "lower", "vectorize", "assign",
        "LLVM text", "machine code", "math functions", "link",
    ]  # fmt: skip
    assert [name for name in names if name in wanted] == wanted
    assert all(step.milliseconds >= 0 for step in found.steps)
    assert found.milliseconds == sum(step.milliseconds for step in found.steps)
    by_name = dict(zip(names, found.steps, strict=True))
    graph_ops = len(f.trace(X, X.T.copy()).graph.ops)
    assert by_name["trace"].ops_after == by_name["inline"].ops_before == graph_ops
    assert by_name["machine code"].ops_after is None
    assert found.signature == "softmax_rows(x: f32[4, 6], w: f32[6, 4])"


def test_a_transform_shows_its_passes_within_the_trace():
    f = jf.jit(jf.grad(lambda x: np.tanh(x).sum()))
    f(X)
    names = [step.step for step in f.compile_report()[0].steps]
    assert names.index("trace") < names.index("linearize") < names.index("transpose")
    assert names.index("transpose") < names.index("inline")


def test_kernels_name_rows_and_lines():
    f = jf.jit(softmax_rows)
    f(X, X.T.copy())
    kernels = f.compile_report()[0].kernels
    assert sum("exp" in kernel.rows for kernel in kernels) == 1
    lines = {at.line for kernel in kernels for at in kernel.locations}
    assert lines == {FIRST_LINE, FIRST_LINE + 1}
    for kernel in kernels:
        assert kernel.loops >= 1 and kernel.ops > kernel.loops and kernel.bytes > 0
        assert kernel.executed >= kernel.ops


def test_one_compilation_for_each_signature():
    f = jf.jit(softmax_rows)
    f(X, X.T.copy())
    f(X.astype(np.float64), X.T.copy())
    assert ["f64" in found.signature for found in f.compile_report()] == [False, True]
    f.clear_cache()
    assert len(f.compile_report()) == 0


def test_data_is_json_and_the_text_is_a_table():
    f = jf.jit(softmax_rows)
    f(X, X.T.copy())
    report = f.compile_report()
    (found,) = json.loads(json.dumps(report.data()))
    assert found["function"] == report[0].signature
    assert [step["step"] for step in found["steps"]] == [s.step for s in report[0].steps]
    assert found["kernels"][0]["locations"][0].endswith(f".py:{FIRST_LINE}")
    lines = str(report).splitlines()
    assert lines[0] == report[0].signature
    assert lines[1].split() == ["ms", "ops", "step"]
    assert any(line.split() == ["ms", "ops", "executed", "bytes", "kernel"] for line in lines)
    assert lines[-1].endswith(f"test_report.py:{FIRST_LINE + 1}")


def test_scalars_and_library_calls_are_kernels_too():
    f = jf.jit(lambda x, i: (np.sort(np.tile(x, 99)), x[i] * 2))
    f(X[0], 2)
    sort, rest = f.compile_report()[0].kernels[-2:]
    assert (sort.loops, rest.loops) == (0, 0)
    assert "mul" in rest.rows and not sort.rows


def test_a_function_that_computes_nothing_has_no_kernels():
    f = jf.jit(lambda x: (x.reshape(-1)[:0], None))
    f(X)
    assert len(f.compile_report()[0].steps) > 10
    assert "total" in str(f.compile_report())


def test_stages_report_what_they_have_done():
    compiled = jf.jit(softmax_rows).lower(X, X.T.copy()).compile()
    assert [s.step for s in compiled.compile_report().steps][-1] == "link"
