"""`jitflow dump`: the stages of one function of the user's, as text.

Owns the arguments of the command. How a function is found and traced is in tracing.py; what the
stages are is the api's.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from jitflow.api.road import LEVELS
from jitflow.cli.files import write_text
from jitflow.cli.locate import add_load, calling
from jitflow.cli.subjects import Subject, add_subject, subject
from jitflow.errors import UsageError

DEFAULT_STAGE = "opt"
LOOP_LEVELS = LEVELS[LEVELS.index("kernels") :]


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "dump",
        help="show the stages of a function",
        description="Shows the stages of a function: traced on arguments of the given types,"
        " or from a file.",
        allow_abbrev=False,
    )
    add_subject(parser)
    parser.add_argument(
        "--stage",
        action="append",
        metavar="STAGE",
        help=f"{', '.join(LEVELS)}; several with commas or repeated (default: {DEFAULT_STAGE})",
    )
    parser.add_argument("--locations", action="store_true", help="source lines behind the ops")
    parser.add_argument("-o", "--output", default="-", metavar="FILE", help="default: stdout")
    add_load(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    stages = _stages(arguments.stage or [DEFAULT_STAGE])
    found = subject(arguments)
    with calling(arguments.subject):
        texts = [_show(found, stage, arguments.locations, stages) for stage in stages]
    write_text(arguments.output, "\n".join(texts), is_code=True)


def _show(found: Subject, stage: str, locations: bool, stages: Sequence[str]) -> str:
    """The text of a stage, under a heading where there are several."""
    if found.is_loops and stage not in LOOP_LEVELS:
        name = found.function.name
        raise UsageError(f"@{name} is loop IR; it has the stages {', '.join(LOOP_LEVELS)}")
    title = f"; stage: {stage}\n" if len(stages) > 1 else ""
    return title + found.road.text(stage, locations).rstrip("\n") + "\n"


def _stages(given: Sequence[str]) -> list[str]:
    """The stages asked for, in the order given, each once."""
    stages = dict.fromkeys(name.strip() for text in given for name in text.split(","))
    for stage in stages:
        if stage not in LEVELS:
            raise UsageError(f"unknown stage '{stage}'; expected one of {', '.join(LEVELS)}")
    return list(stages)
