"""`jitflow run`: a function and arrays in, arrays out.

Owns the arguments of the command and how results are shown. Inputs are inputs.py's.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.cli.files import write_bytes, write_text
from jitflow.cli.inputs import read_inputs
from jitflow.cli.locate import add_load, calling
from jitflow.cli.output import add_json, json_number, json_text
from jitflow.cli.subjects import Subject, add_subject, subject
from jitflow.errors import UsageError
from jitflow.ir.core import Function
from jitflow.ir.dtypes import as_dtype
from jitflow.ir.interpreter import interpret
from jitflow.ir.types import TensorType


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "run",
        help="run a function on arrays",
        description="Runs one function of a file, or one in Python: compiled, or with the"
        " interpreter. What a file has need not be given: constants, the state of a program.",
        allow_abbrev=False,
    )
    add_subject(parser)
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
    found = subject(arguments)
    inputs = _inputs(found, arguments)
    is_native = arguments.native or not (arguments.interpret or found.is_loops)
    with calling(arguments.subject):
        results = _results(found, inputs, is_native)
    function = found.function
    if arguments.output:
        write_bytes(arguments.output, _npz(results))
    elif arguments.json:
        write_text("-", json_text({"function": function.name, "results": _records(results)}))
    else:
        write_text("-", _shown(results))


def _inputs(found: Subject, arguments: argparse.Namespace) -> list[Any]:
    """All inputs: those that the subject has, and those that are given or random."""
    function = found.function
    params = function.params[: len(function.params) - _outputs(function)]
    asked = [p for k, p in enumerate(params) if k not in found.values]
    given = iter(read_inputs(asked, arguments.inputs, arguments.seed))
    return [found.values[k] if k in found.values else next(given) for k in range(len(params))]


def _outputs(function: Function) -> int:
    """How many of its parameters are written."""
    count = function.attrs.get("outputs", 0)
    if not isinstance(count, int) or not 0 <= count <= len(function.params):
        raise UsageError(f"@{function.name}: outputs={count!r} is no number of its parameters")
    return count


def _results(found: Subject, inputs: list[Any], is_native: bool) -> list[Any]:
    """Results of machine code, or of the interpreter."""
    if is_native:
        return found.road.executable(inputs) if not found.is_loops else found.road.made(inputs)
    return _interpreted(found.function, inputs)


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
