"""Compiled code beside the interpreter: whole programs, and single rows as its hook."""

from functools import lru_cache

import numpy as np

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function
from jitflow.ir.dtypes import as_dtype
from jitflow.ir.interpreter import interpret
from jitflow.ir.location import Location
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import LOOPS
from jitflow.runtime import compile_function

HERE = (Location(__file__, 1),)


def compiled(function, verify_each=False):
    """Machine code of a tensor-IR function by the LOOPS stage, nothing simplified before."""
    passes = ("split_complex", *LOOPS)
    return compile_function(run_pipeline(passes, function, verify_each=verify_each))


def call(function, arguments, verify_each=False):
    return compiled(function, verify_each)([dense(a) for a in arguments])


def dense(array):
    """The array in C order, of the same rank."""
    return np.ascontiguousarray(array).reshape(np.shape(array))


def by_own_kernel(op, arrays):
    """Evaluates an approximate row by that row's own compiled kernel."""
    key = (op.row, tuple(op.attrs.items()), tuple(v.type for v in op.operands))
    kernel = _kernel(*key)
    return kernel([dense(a) for a in arrays])[0]


@lru_cache(maxsize=4000)
def _kernel(row, attrs, types):
    b = Builder(locations=HERE)
    params = [b.param(t) for t in types]
    return compiled(b.build("row", [b.emit(row, tuple(params), dict(attrs)).result]))


def reference(function: Function, arguments):
    """The interpreter's results with approximate rows from compiled code."""
    return interpret(function, arguments, evaluate=by_own_kernel)


def lowered_results(function: Function, loops: Function, arguments):
    """The interpreter's results of a level-3 function that came from `function`."""
    outputs = [
        np.zeros(p.type.shape, p.type.dtype.numpy) for p in loops.params[len(function.params) :]
    ]
    interpret(loops, [*map(dense, arguments), *outputs])
    return outputs


def run_row(name, dtype, *operands):
    """The result of a row's own compiled kernel, for operands of one dtype and shape."""
    arrays = [np.array(x, as_dtype(dtype).numpy, order="C") for x in operands]
    type = TensorType(as_dtype(dtype), arrays[0].shape)
    return _kernel(ROWS[name], (), (type,) * len(arrays))(arrays)[0]
