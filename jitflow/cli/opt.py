"""`jitflow opt`: IR text in, passes over it, IR text out.

Owns the arguments of the command. Pipelines and what is shown between passes are the manager's.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from jitflow.cli.files import write_text
from jitflow.cli.locate import add_load
from jitflow.cli.subjects import add_subject, subjects
from jitflow.ir.printer import format_function
from jitflow.ir.verifier import verify
from jitflow.passes.manager import PassManager, format_timings, parse_pipeline


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "opt",
        help="run passes over IR text",
        description="Reads IR text, runs passes, and writes IR text. What is shown between passes"
        " goes to stderr.",
        allow_abbrev=False,
    )
    add_subject(parser)
    parser.add_argument(
        "-p",
        "--passes",
        default="",
        metavar="PIPELINE",
        help='such as "cse,vectorize{width=64},dce"; `jitflow passes` lists them (default: none)',
    )
    for name, text in (
        ("before-all", "show the function before each pass"),
        ("after-all", "show the function after each pass"),
        ("changed", "show the function after each pass that changed it"),
    ):
        parser.add_argument(f"--print-{name}", action="store_true", help=text)
    parser.add_argument("--verify-each", action="store_true", help="verify after each pass")
    parser.add_argument("--time-passes", action="store_true", help="milliseconds and ops by pass")
    parser.add_argument(
        "--limit", type=_count, default=-1, metavar="N", help="stop after N pass runs, to bisect"
    )
    parser.add_argument("-o", "--output", default="-", metavar="FILE", help="default: stdout")
    add_load(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    steps = parse_pipeline(arguments.passes)
    functions = [found.function for found in subjects(arguments)]
    manager = PassManager(
        verify_each=arguments.verify_each,
        print_before=arguments.print_before_all,
        print_after=arguments.print_after_all,
        print_changed=arguments.print_changed,
        timing=arguments.time_passes,
        limit=arguments.limit,
    )
    results = [verify(manager.run(steps, function)) for function in functions]
    if arguments.time_passes:
        sys.stderr.write(format_timings(manager.timings))
    write_text(arguments.output, "\n".join(map(format_function, results)), is_code=True)


def _count(text: str) -> int:
    """A number of pass runs; argparse turns ValueError into its message."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number, got '{text}'")
    return int(text[:18])
