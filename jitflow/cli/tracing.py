"""A function of the user's with the types of its arguments, as options, and its trace."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Collection
from typing import Any

from jitflow import grad, jit
from jitflow.api import JitFunction, Traced
from jitflow.cli.locate import calling, locate, require_fit
from jitflow.errors import UsageError
from jitflow.trace.spec import parse_specs


def add_function(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "function", metavar="MODULE_OR_FILE:FUNCTION", help="such as examples/digits.py:train_step"
    )
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


def trace(arguments: argparse.Namespace) -> Traced:
    """The trace of the function that these options name."""
    specs = parse_specs(arguments.args, "--args")
    static = dict(map(_static, arguments.static))
    function = locate(arguments.function)
    require_fit(function, specs, static)
    with calling(arguments.function):
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
