"""`jitflow time`: what the compilation of one function of the user's takes, step by step.

What is on disk is not asked. Owns the arguments of the command. The report is the api's.
"""

from __future__ import annotations

import argparse
from typing import Any

from jitflow.cli.files import write_text
from jitflow.cli.locate import add_load, calling
from jitflow.cli.output import add_json, json_text
from jitflow.cli.tracing import add_function, trace


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "time",
        help="show what the compilation of a function takes",
        description="Compiles a function for arguments of the given types and shows milliseconds"
        " and ops of each step, and of each kernel.",
        allow_abbrev=False,
    )
    add_function(parser)
    parser.add_argument(
        "--cold",
        action="store_true",
        help="in a process that has compiled nothing yet (default: this function, once)",
    )
    add_json(parser)
    parser.add_argument("-o", "--output", default="-", metavar="FILE", help="default: stdout")
    add_load(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    for _ in range(1 if arguments.cold else 2):
        lowered = trace(arguments).lower()
        with calling(arguments.function):
            lowered.road.adopt(lowered.road.made)
            report = lowered.compile().compile_report()
    text = json_text(report.data()) if arguments.json else str(report)
    write_text(arguments.output, text)
