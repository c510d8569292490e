"""`jitflow passes`: what passes there are, their options, and the order they usually run in."""

from __future__ import annotations

import argparse
import inspect
import textwrap
from typing import Any

from jitflow.cli.colour import BOLD, paint
from jitflow.cli.files import write_text
from jitflow.cli.locate import add_load
from jitflow.cli.output import add_json, json_text
from jitflow.errors import UsageError
from jitflow.ir.printer import format_attr
from jitflow.passes.pipeline import LOOPS, TENSOR
from jitflow.passes.pipeline_text import unknown_pass
from jitflow.passes.registry import PASSES
from jitflow.passes.step import Option, Pass

WIDTH = 100


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "passes",
        help="list the passes",
        description="Lists the passes with their options, or shows what one of them does.",
        allow_abbrev=False,
    )
    parser.add_argument("name", nargs="?", metavar="PASS", help="one pass, with its whole text")
    add_json(parser)
    add_load(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    name = arguments.name
    if name is not None and name not in PASSES:
        raise UsageError("; ".join(unknown_pass(name, PASSES)))
    if arguments.json:
        rules = sorted(PASSES) if name is None else [name]
        write_text("-", json_text([_record(PASSES[rule]) for rule in rules]))
    else:
        write_text("-", _list() if name is None else _describe(PASSES[name]))


def _record(rule: Pass) -> dict[str, Any]:
    """A pass for machines: what it does, its options, and the pipelines that it is in."""
    pipelines = {"opt": TENSOR, "kernels": LOOPS}
    return {
        "pass": rule.name,
        "summary": rule.summary,
        "options": [_option(option) for option in rule.options.values()],
        "stages": [stage for stage, pipeline in pipelines.items() if rule.name in pipeline],
    }


def _list() -> str:
    width = max(map(len, PASSES)) + 2
    lines = []
    for name, rule in sorted(PASSES.items()):
        lines.append(paint(f"{name:{width}}", BOLD) + rule.summary)
        lines += [f"{'':{width}}  {_option(option)}" for option in rule.options.values()]
    for title, pipeline in (("ir to opt", TENSOR), ("opt to kernels", LOOPS)):
        lines += ["", f"{title}:"]
        lines.append(textwrap.indent(textwrap.fill(", ".join(pipeline), WIDTH), "  "))
    return "\n".join(lines) + "\n"


def _describe(rule: Pass) -> str:
    lines = [f"{paint(rule.name, BOLD)}: {inspect.getdoc(rule.function) or ''}"]
    if rule.options:
        lines += ["", "options:", *(f"  {_option(option)}" for option in rule.options.values())]
    return "\n".join(lines) + "\n"


def _option(option: Option) -> str:
    """`width=32: a whole number`."""
    needed = option.default is inspect.Parameter.empty
    default = "=..." if needed else f"={format_attr(option.default)}"
    return f"{option.name}{default}: {option.wanted}" + (", must be given" if needed else "")
