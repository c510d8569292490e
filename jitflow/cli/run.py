"""`jitflow run`: IR text and arrays in, arrays out.

Owns the arguments of the command and how results are shown. Inputs are inputs.py's.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.api.machinery import finish_loops
from jitflow.api.road import Road
from jitflow.cli.files import read_text, write_bytes, write_text
from jitflow.cli.inputs import read_inputs
from jitflow.cli.locate import add_load
from jitflow.cli.output import add_json, json_number, json_text
from jitflow.errors import UsageError
from jitflow.ir.core import Function
from jitflow.ir.dtypes import as_dtype
from jitflow.ir.interpreter import interpret
from jitflow.ir.parser import parse_module
from jitflow.ir.types import BufferType, TensorType
from jitflow.ir.verifier import verify
from jitflow.runtime import compile_function


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "run",
        help="run IR text on arrays",
        description="Runs one function of IR text: compiled, or with the interpreter.",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="IR text, or - for stdin")
    parser.add_argument("--function", metavar="NAME", help="needed where FILE has several")
    parser.add_argument(
        "--inputs",
        default="",
        metavar="INPUTS",
        help='.npy files, or types to fill at random: "a.npy, f32[4, 3]" (default: all random)',
    )
    parser.add_argument("--seed", type=_seed, default=0, help="of random inputs (default: 0)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--interpret", action="store_true", help="with the interpreter, in NumPy")
    how.add_argument(
        "--native",
        action="store_true",
        help="compiled: the default but for loop IR, whose memory accesses code does not check",
    )
    add_json(parser)
    parser.add_argument("-o", "--output", metavar="FILE.npz", help="write the results there")
    add_load(parser)
    parser.set_defaults(run=run)


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number, got '{text}'")
    return int(text[:18])


def run(arguments: argparse.Namespace) -> None:
    name = "<stdin>" if arguments.file == "-" else arguments.file
    functions = parse_module(read_text(arguments.file), name)
    function = verify(_chosen(functions, arguments.function))
    params = function.params[: len(function.params) - _outputs(function)]
    inputs = read_inputs(params, arguments.inputs, arguments.seed)
    has_buffers = any(isinstance(param.type, BufferType) for param in function.params)
    is_native = arguments.native or not (arguments.interpret or has_buffers)
    results = (_native if is_native else _interpreted)(function, inputs)
    if arguments.output:
        write_bytes(arguments.output, _npz(results))
    elif arguments.json:
        write_text("-", json_text({"function": function.name, "results": _records(results)}))
    else:
        write_text("-", _shown(results))


def _chosen(functions: Sequence[Function], name: str | None) -> Function:
    """The only function, or the one of this name."""
    found = [f for f in functions if name in (None, f.name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f.name for f in functions) or "none"
    problem = "--function must name one" if name is None else f"no function '{name}'"
    raise UsageError(f"{problem}; the functions are {names}")


def _outputs(function: Function) -> int:
    """How many of its parameters are written."""
    count = function.attrs.get("outputs", 0)
    if not isinstance(count, int) or not 0 <= count <= len(function.params):
        raise UsageError(f"@{function.name}: outputs={count!r} is no number of its parameters")
    return count


def _native(function: Function, inputs: list[Any]) -> list[Any]:
    """Results of machine code; loop IR is taken as it is, but for what code needs."""
    if any(isinstance(param.type, BufferType) for param in function.params):
        return compile_function(finish_loops(function))(inputs)
    return Road(function).executable(inputs)


def _interpreted(function: Function, inputs: list[Any]) -> list[Any]:
    outputs = [
        np.zeros(param.type.shape, param.type.dtype.numpy)
        for param in function.params[len(inputs) :]
    ]
    return [*interpret(function, [*inputs, *outputs]), *outputs]


def _npz(results: Sequence[Any]) -> bytes:
    """The results under the names result0, result1, ..."""
    file = io.BytesIO()
    np.savez(file, **{f"result{i}": x for i, x in enumerate(results)})
    return file.getvalue()


def _shown(results: Sequence[Any]) -> str:
    lines = [f"result {i}: {_type(x)}\n{x}\n" for i, x in enumerate(map(np.asarray, results))]
    return "\n".join(lines)


def _type(x: Any) -> str:
    return str(TensorType(as_dtype(x.dtype), x.shape))


def _records(results: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {"type": _type(x), "data": json_number(x.tolist())} for x in map(np.asarray, results)
    ]
