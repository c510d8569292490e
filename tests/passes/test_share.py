"""Programs that repeat themselves: nests are found, and every bit stays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jitflow as jf
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function
from jitflow.ir.dtypes import bool_, c64, f32, f64, i32
from jitflow.ir.nests import nests_of, runs_of
from jitflow.ir.parser import parse_function
from jitflow.ir.printer import format_function
from jitflow.ir.verifier import verify
from jitflow.passes.lowering.opening import copies, opened
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import LOOPS
from jitflow.runtime import compile_function
from tests.support.native import call, dense, reference
from tests.support.programs import Program, arguments, assert_same_bits, programs

SOME = settings(max_examples=40)
DTYPES = (f32, f64, i32, bool_, c64)


@st.composite
def repeated(draw):
    """A random program three times over, on other arguments or on what came out before."""
    step = draw(programs(DTYPES, max_ops=7, structured=False)).function
    b, results = Builder(), []
    for _ in range(3):
        new = {}
        for param in step.params:
            before = [v for v in results if v.type == param.type]
            is_new = not before or draw(st.booleans())
            new[param] = b.param(param.type) if is_new else draw(st.sampled_from(before))
        b.ops += copies(step.ops, new)
        results += [new.get(v, v) for v in step.results]
    function = b.build("repeated", results)
    return Program(function, arguments(function, draw(st.integers(0, 2**16))))


@SOME
@given(program=repeated())
def test_repeated_programs_keep_every_bit(program):
    expected = reference(program.function, program.arguments)
    assert_same_bits(call(program.function, program.arguments, verify_each=True), expected)


@SOME
@given(program=repeated())
def test_parts_keep_every_bit(program):
    """Straight code and short loops, cut wherever that can be."""
    order = ["outline{length=3, least=1}" if name == "outline" else name for name in LOOPS]
    loops = run_pipeline(["split_complex", *order], program.function, verify_each=True)
    found = compile_function(loops)([dense(a) for a in program.arguments])
    assert_same_bits(found, reference(program.function, program.arguments))


@SOME
@given(program=repeated())
def test_nests_are_text(program):
    loops = run_pipeline(("split_complex", *LOOPS), program.function)
    verify(loops, need_locations=True)
    text = format_function(loops)
    assert parse_function(text) == loops
    assert format_function(parse_function(text)) == text


def layers(x, *weights):
    for w in weights:
        x = np.tanh(x @ w)
    return x


LAYERS = [(8, 12)] + 6 * [(12, 12)]


def strides(x):
    """Loops on columns and rows, in place and not, of parts and of complex numbers."""
    y = x + 1j * x.T
    for k in range(4):
        y = y * y - y[::-1]
        x = x + np.roll(x, k)
    return y, x.cumsum(0), x.cumsum(1), y.real.T @ y.imag


def windows(x):
    for _ in range(3):
        x[1:-1] = x[:-2] + x[2:]
        x[::2] *= 2
    return x


@pytest.mark.parametrize(
    ("function", "shapes"),
    [(layers, LAYERS), (strides, [(20, 20)]), (lambda x: windows(x * 1), [(40,)])],
)
def test_shared_code_gives_the_bits_of_code_apart(function, shapes):
    random = np.random.default_rng(0)
    arrays = [random.random(shape) for shape in shapes]
    road = jf.jit(function).lower(*arrays).road
    lower = LOOPS.index("lower") + 1
    apart = opened(run_pipeline(LOOPS[:lower], road.opt), lambda run: True)
    apart = run_pipeline([name for name in LOOPS[lower:] if name != "share"], apart)
    shared = run_pipeline(LOOPS, road.opt)
    assert runs_of(shared) and not runs_of(apart)
    inputs = [dense(a) for a in arrays]
    assert_same_bits(compile_function(shared)(inputs), compile_function(apart)(inputs))


def test_layers_are_three_nests_at_most():
    arrays = [np.ones(shape) for shape in LAYERS]
    loops = jf.jit(layers).lower(*arrays).road.kernels
    assert len(nests_of(loops)) <= 3
    assert len(runs_of(loops)) == 12


def test_a_result_over_an_argument_in_shared_code():
    """Steps that are one nest still write over the parameters that were donated."""

    def descend(params, slopes):
        return [p - 0.1 * g for p, g in zip(params, slopes, strict=True)]

    step = jf.jit(descend, donate_argnums=0)
    params, slopes = ([np.full(512, k + 1.0) for k in range(4)] for _ in range(2))
    places = [p.ctypes.data for p in params]
    for _ in range(2):
        params = step(params, slopes)
    assert [p.ctypes.data for p in params] == places
    np.testing.assert_allclose([p[0] for p in params], [0.8 * (k + 1) for k in range(4)])
    loops = step.lower(params, slopes).road.kernels
    assert len(runs_of(loops)) == 4
    assert all(step.lower(params, slopes).road.may_overwrite([(k, k) for k in range(4)]))


def test_threads_share_nests():
    arrays = [np.random.default_rng(0).random(shape) for shape in [(400, 300)] + 3 * [(300, 300)]]
    f = jf.jit(layers)
    before = jf.get_num_threads()
    try:
        jf.set_num_threads(1)
        expected = f(*arrays)
        jf.set_num_threads(2)
        assert_same_bits([f(*arrays)], [expected])
    finally:
        jf.set_num_threads(before)


def test_the_report_counts_runs():
    arrays = [np.ones(shape) for shape in LAYERS]
    f = jf.jit(layers)
    f(*arrays)
    (report,) = f.compile_report()
    assert sum(kernel.runs for kernel in report.kernels) == 12
    assert len(report.kernels) <= 3
    assert any(line.split()[4:6] == ["6", "x"] for line in str(report).splitlines())


def test_functions_that_differ_in_nests_differ():
    road = jf.jit(layers).lower(*[np.ones(shape) for shape in LAYERS]).road
    text = format_function(road.kernels)
    function = parse_function(text)
    assert isinstance(function, Function)
    assert parse_function(text.replace('kind="parallel"', 'kind="sequential"', 1)) != function


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (9,)])
def test_a_nest_reads_the_parts_of_a_result(dtype, shape):
    x = (np.arange(np.prod(shape)) * (1 + 2j)).astype(dtype).reshape(shape)

    def totals(x):
        y = x - dtype(0.5)
        return y.cumsum(), y

    for found, expected in zip(jf.jit(totals)(x), totals(x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
