"""`jitflow viz`: a picture of a function, as it was written and as it was fused.

Owns the arguments of the command and the page around the pictures; drawing.py makes them.
"""

from __future__ import annotations

import argparse
from html import escape
from typing import Any

from jitflow.api.road import Road
from jitflow.cli.drawing import draw
from jitflow.cli.files import read_text, write_text
from jitflow.cli.locate import add_load, calling
from jitflow.cli.tracing import add_function, trace
from jitflow.errors import UsageError
from jitflow.ir.core import Function, walk
from jitflow.ir.parser import parse_module
from jitflow.ir.row import Family
from jitflow.ir.verifier import verify

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{name}</title>
<style>body {{ font: 15px system-ui, sans-serif; margin: 24px; }}</style>
</head>
<body>
<h1>{name}</h1>
<p>Point at an op for its source line, at a line for the values that go along it.</p>
<h2>As it was written: {ops} ops</h2>
{graph}<h2>As it was fused: {kernels} kernels</h2>
<p>Each blue box is one loop nest. What a box yields is memory; what only it uses is not.
Dashed boxes are other ways to look at the same memory, or copies of it.</p>
{fused}</body>
</html>
"""


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "viz",
        help="draw a function and its kernels",
        description="Draws a function, or a file of IR text: the graph as it was written, and"
        " the kernels that fusion makes of it. The page needs nothing else, no network either.",
        allow_abbrev=False,
    )
    add_function(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="a page, or the kernels alone where it ends in .svg (default: FUNCTION.html)",
    )
    add_load(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    is_text = arguments.function.endswith(".jf")
    graph = _read(arguments) if is_text else trace(arguments).graph
    with calling(arguments.function):
        fused = Road(graph).fused
    output = arguments.output or f"{_file_name(graph.name)}.html"
    write_text(output, draw(fused) if output.endswith(".svg") else _page(graph, fused))
    if output != "-":
        write_text("-", f"wrote {output}\n")


def _read(arguments: argparse.Namespace) -> Function:
    """The one function of a file, over arrays."""
    functions = parse_module(read_text(arguments.function), arguments.function)
    if len(functions) != 1:
        raise UsageError(f"{arguments.function} has {len(functions)} functions; viz draws one")
    (function,) = map(verify, functions)
    if any(op.row.family is Family.LOOP for op in walk(function.body)):
        raise UsageError(f"{arguments.function} is loop IR; viz draws functions over arrays")
    return function


def _page(graph: Function, fused: Function) -> str:
    kernels = sum(op.name == "kernel" for op in fused.ops)
    return PAGE.format(
        name=escape(graph.name),
        ops=len(graph.ops),
        graph=draw(graph),
        kernels=kernels,
        fused=draw(fused),
    )


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "_-" else "_" for c in name)
