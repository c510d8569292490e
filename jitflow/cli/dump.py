"""`jitflow dump`: the stages of one function of the user's, as text.

Owns the arguments of the command. How a function is found and traced is in tracing.py; what the
stages are is the api's.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from typing import Any

from jitflow.api.road import LEVELS
from jitflow.cli.files import write_text
from jitflow.cli.locate import add_load, calling
from jitflow.cli.subjects import Subject, add_subject, subject
from jitflow.errors import UsageError
from jitflow.ir.core import Op, walk
from jitflow.ir.dtypes import DType, bool_
from jitflow.ir.types import TensorType
from jitflow.runtime.devices import find_device
from jitflow.runtime.kernels import code_of

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
    parser.add_argument(
        "--kernels", action="store_true", help="which code each op is, behind graph, ir and opt"
    )
    parser.add_argument("-o", "--output", default="-", metavar="FILE", help="default: stdout")
    add_load(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    stages = _stages(arguments.stage or [DEFAULT_STAGE])
    found = subject(arguments)
    with calling(arguments.subject):
        texts = [_show(found, stage, arguments.locations, stages) for stage in stages]
        if arguments.kernels:
            texts = [t + _kernels(found, stage) for t, stage in zip(texts, stages, strict=True)]
    write_text(arguments.output, "\n".join(texts), is_code=True)


def _show(found: Subject, stage: str, locations: bool, stages: Sequence[str]) -> str:
    """The text of a stage, under a heading where there are several."""
    if found.is_loops and stage not in LOOP_LEVELS:
        name = found.function.name
        raise UsageError(f"@{name} is loop IR; it has the stages {', '.join(LOOP_LEVELS)}")
    title = f"; stage: {stage}\n" if len(stages) > 1 else ""
    return title + found.road.text(stage, locations).rstrip("\n") + "\n"


def _kernels(found: Subject, stage: str) -> str:
    """As comments of IR: the ops of a stage by their code, on the device where it will run."""
    if stage not in ("graph", "ir", "opt"):
        return ""
    device = find_device()
    ops = walk(getattr(found.road, stage).body)
    used = Counter((op.name, _dtype(op), code_of(op.row, _dtype(op), device)) for op in ops)
    lines = [
        f";   {name} {dtype or ''}: {code}{f', {count} times' if count > 1 else ''}"
        for (name, dtype, code), count in used.items() if code
    ]  # fmt: skip
    return "\n".join([f"; kernels on {device.name}", *lines]) + "\n"


def _dtype(op: Op) -> DType | None:
    """What the op computes on: the dtype of its operands, bool only where all are."""
    types = [value.type for value in (*op.operands, *op.results)]
    dtypes = [x.dtype for x in types if isinstance(x, TensorType)]
    return next((dtype for dtype in dtypes if dtype is not bool_), dtypes[0] if dtypes else None)


def _stages(given: Sequence[str]) -> list[str]:
    """The stages asked for, in the order given, each once."""
    stages = dict.fromkeys(name.strip() for text in given for name in text.split(","))
    for stage in stages:
        if stage not in LEVELS:
            raise UsageError(f"unknown stage '{stage}'; expected one of {', '.join(LEVELS)}")
    return list(stages)
