"""What a command works on: a function of the user's with types, IR text, or an exported file.

Owns the options that say it, and how each becomes one function in IR.
"""

from __future__ import annotations

import argparse
import ast
import os
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from jitflow import grad, jit
from jitflow.api import JitFunction, Traced
from jitflow.api.machinery import finish_loops
from jitflow.api.road import Road
from jitflow.cli.files import read_bytes, read_text
from jitflow.cli.locate import calling, locate, require_fit
from jitflow.errors import UsageError
from jitflow.export.archive import SUFFIX, Archive, values_of
from jitflow.export.sources import archive_of, plain_archive
from jitflow.ir.core import Function, walk
from jitflow.ir.parser import parse_module
from jitflow.ir.row import Family
from jitflow.ir.types import BufferType
from jitflow.ir.verifier import verify
from jitflow.trace.spec import parse_specs

TEXT = ".jf"
WHAT = f"MODULE_OR_FILE:FUNCTION, IR text (*{TEXT}, or - for stdin) or an exported file (*{SUFFIX})"


class Subject(NamedTuple):
    """One function. values: those of parameters, by number, that need not be given.

    source: what it was made of, for exports.
    """

    road: Road
    values: Mapping[int, Any]
    source: Traced | Archive | None

    @property
    def function(self) -> Function:
        """The graph, or loop IR where the text is that."""
        return self.road.graph

    @property
    def is_loops(self) -> bool:
        function = self.function
        has_buffers = any(isinstance(p.type, BufferType) for p in function.params)
        return has_buffers or any(op.row.family is Family.LOOP for op in walk(function.body))

    def archive(self) -> Archive:
        """What `export` writes of it; UsageError for loop IR."""
        require_arrays(self, "an object is made of functions over arrays")
        return archive_of(self.source, (), {}) if self.source else plain_archive(self.function)


def add_subject(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", metavar="WHAT", help=WHAT)
    parser.add_argument("--function", metavar="NAME", help="needed where IR text has several")
    parser.add_argument(
        "--args",
        default="",
        metavar="SPECS",
        help='types of the arguments, such as "f32[512, 4096], f32[]"',
    )
    parser.add_argument(
        "--static",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a static argument, a Python literal; may be repeated",
    )
    parser.add_argument("--grad", action="store_true", help="of the gradient by the first argument")


def subject(arguments: argparse.Namespace) -> Subject:
    """The one function that these options name; UsageError where they name none, or several."""
    found = subjects(arguments)
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.function.name for one in found) or "none"
    raise UsageError(f"--function must name one; the functions are {names}")


def subjects(arguments: argparse.Namespace) -> list[Subject]:
    """All functions that these options name."""
    name = arguments.subject
    if not is_file(name):
        _refuse(arguments, "IR text", "function")
        traced = _traced(arguments)
        first = len(traced.graph.params) - len(traced.captured_arrays)
        return [Subject(traced.road, dict(enumerate(traced.captured_arrays, first)), traced)]
    _refuse(arguments, "functions in Python", "args", "static", "grad")
    if name != "-" and read_bytes(name)[:2] == b"PK":
        _refuse(arguments, "IR text", "function")
        archive = archive_of(name, (), {})
        return [Subject(Road(archive.function), values_of(archive), archive)]
    functions = parse_module(read_text(name), "<stdin>" if name == "-" else name)
    chosen = [f for f in functions if arguments.function in (None, f.name)]
    if not chosen and arguments.function is not None:
        names = ", ".join(f.name for f in functions) or "none"
        raise UsageError(f"no function '{arguments.function}'; the functions are {names}")
    return [_of_text(verify(function)) for function in chosen]


def is_file(name: str) -> bool:
    """Whether a command is asked for a file, not for a function in Python."""
    if name == "-" or name.endswith((TEXT, SUFFIX)):
        return True
    return ":" not in name and not name.endswith(".py") and os.path.exists(name)


def require_arrays(found: Subject, why: str) -> None:
    """UsageError for loop IR."""
    if found.is_loops:
        raise UsageError(f"@{found.function.name} is loop IR; {why}")


def _of_text(function: Function) -> Subject:
    found = Subject(Road(function), {}, None)
    if found.is_loops:
        found.road.start_with_loops(finish_loops)
    return found


def _refuse(arguments: argparse.Namespace, owner: str, *options: str) -> None:
    for option in options:
        if getattr(arguments, option):
            raise UsageError(f"--{option} is for {owner}; {arguments.subject} is none")


def _traced(arguments: argparse.Namespace) -> Traced:
    specs = parse_specs(arguments.args, "--args")
    static = dict(map(_static, arguments.static))
    function = locate(arguments.subject)
    require_fit(function, specs, static)
    with calling(arguments.subject):
        return _jitted(function, arguments.grad, static).trace(*specs, **static)


def _jitted(function: Any, by_gradient: bool, static: Collection[str]) -> JitFunction:
    """The function, or its gradient, jitted; as it is where it is jitted already."""
    if isinstance(function, JitFunction) and not by_gradient:
        return function
    if by_gradient and not static:
        return grad(function)
    return jit(grad(function) if by_gradient else function, static_argnames=tuple(static))


def _static(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise UsageError(f"--static {text}: expected NAME=VALUE")
    try:
        return name.strip(), ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise UsageError(f"--static {text}: expected a Python literal behind '='") from None
