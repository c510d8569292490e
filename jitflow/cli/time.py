"""`jitflow time`: what the compilation of one function of the user's takes, step by step.

What is on disk is not asked. Owns the arguments of the command. The report is the api's.
"""

from __future__ import annotations

import argparse
from typing import Any

from jitflow.api.report import Compilation
from jitflow.cli.files import write_text
from jitflow.cli.locate import add_load, calling
from jitflow.cli.output import add_json, json_text
from jitflow.cli.subjects import add_subject, subject


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "time",
        help="show what the compilation of a function takes",
        description="Compiles a function for arguments of the given types and shows milliseconds"
        " and ops of each step, and of each kernel.",
        allow_abbrev=False,
    )
    add_subject(parser)
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
        road = subject(arguments).road
        with calling(arguments.subject):
            road.adopt(road.made)
            report = Compilation(road)
            report.kernels  # noqa: B018  (errors of code come here)
    text = json_text(report.data()) if arguments.json else str(report)
    write_text(arguments.output, text)
