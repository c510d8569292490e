"""`jitflow dump`: the stages of one function of the user's, as text.

Owns the arguments of the command. How a function is found is in locate.py; what the stages are is
the api's.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Collection, Sequence
from typing import Any

from jitflow import grad, jit
from jitflow.api import JitFunction, Traced
from jitflow.api.road import LEVELS
from jitflow.cli.files import write_text
from jitflow.cli.locate import add_load, calling, locate, require_fit
from jitflow.errors import UsageError
from jitflow.trace.spec import parse_specs

DEFAULT_STAGE = "opt"


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "dump",
        help="show the stages of a function",
        description="Traces a function on arguments of the given types and shows its stages.",
        allow_abbrev=False,
    )
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
    parser.add_argument(
        "--stage",
        action="append",
        metavar="STAGE",
        help=f"{', '.join(LEVELS)}; several with commas or repeated (default: {DEFAULT_STAGE})",
    )
    parser.add_argument("--grad", action="store_true", help="of the gradient by the first argument")
    parser.add_argument("--locations", action="store_true", help="source lines behind the ops")
    parser.add_argument("-o", "--output", default="-", metavar="FILE", help="default: stdout")
    add_load(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    stages = _stages(arguments.stage or [DEFAULT_STAGE])
    specs = parse_specs(arguments.args, "--args")
    static = dict(map(_static, arguments.static))
    function = locate(arguments.function)
    require_fit(function, specs, static)
    with calling(arguments.function):
        traced = _jitted(function, arguments.grad, static).trace(*specs, **static)
        texts = [_show(traced, stage, arguments.locations, stages) for stage in stages]
    write_text(arguments.output, "\n".join(texts))


def _jitted(function: Any, by_gradient: bool, static: Collection[str]) -> JitFunction:
    """The function, or its gradient, jitted; as it is where it is jitted already."""
    if isinstance(function, JitFunction) and not by_gradient:
        return function
    if by_gradient and not static:
        return grad(function)
    return jit(grad(function) if by_gradient else function, static_argnames=tuple(static))


def _show(traced: Traced, stage: str, locations: bool, stages: Sequence[str]) -> str:
    """The text of a stage, under a heading where there are several."""
    title = f"; stage: {stage}\n" if len(stages) > 1 else ""
    return title + traced.as_text(stage, locations=locations).rstrip("\n") + "\n"


def _stages(given: Sequence[str]) -> list[str]:
    """The stages asked for, in the order given, each once."""
    stages = dict.fromkeys(name.strip() for text in given for name in text.split(","))
    for stage in stages:
        if stage not in LEVELS:
            raise UsageError(f"unknown stage '{stage}'; expected one of {', '.join(LEVELS)}")
    return list(stages)


def _static(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise UsageError(f"--static {text}: expected NAME=VALUE")
    try:
        return name.strip(), ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise UsageError(f"--static {text}: expected a Python literal behind '='") from None
