"""`jitflow viz`: a picture of a function, as it was written and as it was fused, or of a graph.

Owns the arguments of the command and the page around the pictures; `drawing` makes them.
"""

from __future__ import annotations

import argparse
from html import escape
from typing import Any

from jitflow import drawing
from jitflow.cli.files import write_text
from jitflow.cli.graphs import asked, find_graph
from jitflow.cli.locate import add_load, calling
from jitflow.cli.subjects import add_subject, is_file, require_arrays, subject
from jitflow.errors import UsageError

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{name}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 24px; }}
svg {{ display: block; margin: 16px 0; }}
</style>
</head>
<body>
<h1>{name}</h1>
{body}</body>
</html>
"""

FUNCTION = """\
<p>Point at an op for its source line, at a line for the values that go along it.</p>
<h2>As it was written: {ops} ops</h2>
{graph}<h2>As it was fused: {kernels} kernels</h2>
<p>Each amber box is one loop nest. What a box yields is memory; what only it uses is not.
Dashed boxes are other ways to look at the same memory, or copies of it.</p>
{fused}"""

GRAPH = """\
<p>Point at a node for its facts and its source line, at a line for what goes along it.</p>
{graph}"""


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "viz",
        help="draw a function and its kernels, or a graph",
        description="Draws a function, or a file of IR text: the graph as it was written, and"
        " the kernels that fusion makes of it. Of a graph, or of a node in one: all nodes, and"
        " what a fetch runs of them. The page needs nothing else, no network either.",
        allow_abbrev=False,
    )
    add_subject(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="a page, or the picture alone, of a function its kernels, where it ends in .svg"
        " (default: NAME.html)",
    )
    parser.add_argument(
        "--direction",
        choices=["LR", "TB"],
        help="from left to right (default for graphs), from top to bottom (for functions)",
    )
    parser.add_argument(
        "--fetch",
        action="append",
        default=[],
        metavar="NODE",
        help="of a graph: a node to run, such as SGD/update; may be repeated",
    )
    parser.add_argument("--only-path", action="store_true", help="of a graph: only what then runs")
    parser.add_argument(
        "--depth", type=int, metavar="N", help="of a graph: scopes deeper than N are one box each"
    )
    add_load(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    found = None if is_file(arguments.subject) else find_graph(arguments.subject)
    if found is not None:
        _write(arguments, arguments.subject.rpartition(":")[2], *_graph(arguments, *found))
        return
    if arguments.fetch or arguments.only_path or arguments.depth is not None:
        raise UsageError("--fetch, --only-path and --depth are of graphs")
    drawn = subject(arguments)
    require_arrays(drawn, "viz draws functions over arrays")
    graph = drawn.function
    with calling(arguments.subject):
        fused = drawn.road.fused
    direction: drawing.Direction = arguments.direction or "TB"
    shown = drawing.draw_function(fused, direction)
    kernels = sum(op.name == "kernel" for op in fused.ops)
    page = FUNCTION.format(
        ops=len(graph.ops), kernels=kernels, graph=drawing.draw_function(graph, direction),
        fused=shown,
    )  # fmt: skip
    _write(arguments, graph.name, shown, page)


def _graph(arguments: argparse.Namespace, graph: Any, nodes: list[Any]) -> tuple[str, str]:
    """The picture of a graph, and what a page says of it."""
    if arguments.args or arguments.static or arguments.grad:
        raise UsageError("--args, --static and --grad are of functions")
    fetches = asked(graph, nodes, arguments.fetch)
    if arguments.only_path and fetches is None:
        raise UsageError("--only-path needs a node to run: name one, or give --fetch")
    direction = arguments.direction or "LR"
    svg = graph.to_svg(fetches, direction, arguments.depth, arguments.only_path)
    return svg, GRAPH.format(graph=svg)


def _write(arguments: argparse.Namespace, name: str, svg: str, body: str) -> None:
    output = arguments.output or f"{_file_name(name)}.html"
    page = PAGE.format(name=escape(name), body=body)
    write_text(output, svg if output.endswith(".svg") else page)
    if output != "-":
        write_text("-", f"wrote {output}\n")


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "_-" else "_" for c in name)
