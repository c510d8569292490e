"""Runs pipelines, and shows what each pass did: verification, printing, timing, a run limit.

Owns the instrumentation. Knows no pass by name and no order: registry.py and pipeline.py do.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TextIO

from jitflow.config import settings
from jitflow.errors import ParseError, VerifyError
from jitflow.ir.core import Function
from jitflow.ir.nests import count_ops
from jitflow.ir.printer import format_function
from jitflow.ir.verifier import verify
from jitflow.passes.pipeline_text import parse_steps, unknown_pass
from jitflow.passes.registry import PASSES
from jitflow.passes.step import Pass, Step
from jitflow.passes.timing import Timing, format_timings, measure, recorded

__all__ = [
    "PASSES",
    "Pass",
    "PassManager",
    "Pipeline",
    "Step",
    "Timing",
    "count_ops",
    "format_timings",
    "parse_pipeline",
    "run_pipeline",
]

Pipeline = str | Sequence[str | Step]
"""Text, or a sequence of steps and texts."""


def parse_pipeline(pipeline: Pipeline) -> tuple[Step, ...]:
    """The steps of a pipeline; ParseError with line, column and what there is otherwise.

    >>> [str(step) for step in parse_pipeline("cse,dce")]
    ['cse', 'dce']
    """
    if isinstance(pipeline, str):
        return _parse_text(pipeline)
    parts = [_parse_text(part) if isinstance(part, str) else (part,) for part in pipeline]
    return tuple(step for part in parts for step in part)


@cache
def _parse_text(text: str) -> tuple[Step, ...]:
    return parse_steps(text, PASSES)


def run_pipeline(pipeline: Pipeline, function: Function, **instrumentation: Any) -> Function:
    """The function after the passes; `instrumentation` are the fields of PassManager."""
    return PassManager(**instrumentation).run(pipeline, function)


@dataclass
class PassManager:
    """Runs pipelines; one manager may run several, and counts their passes together.

    verify_each: verify after every pass, so that a fault names the pass that made it.
    print_before, print_after, print_changed: True, or names of passes; print_changed prints
        after a pass that changed something. Text goes to `stream` (sys.stderr unless given).
    timing: append to `timings`.
    limit: skip every pass but the required ones after so many runs, to bisect; -1: no limit.
    """

    verify_each: bool = settings.verify
    print_before: bool | Collection[str] = False
    print_after: bool | Collection[str] = False
    print_changed: bool | Collection[str] = False
    stream: TextIO | None = None
    timing: bool = False
    limit: int = settings.pass_limit
    runs: int = 0
    timings: list[Timing] = field(default_factory=list)

    def __post_init__(self) -> None:
        for names in (self.print_before, self.print_after, self.print_changed):
            for name in () if isinstance(names, bool) else names:
                if name not in PASSES:
                    raise ParseError(": ".join(unknown_pass(name, PASSES)))
        printing = self.print_before or self.print_after or self.print_changed
        self._is_quiet = not (self.verify_each or printing or self.limit >= 0)

    def run(self, pipeline: Pipeline, function: Function) -> Function:
        """The function after every step; the same object when no step changed it."""
        with recorded(self.timings) if self.timing else nullcontext():
            for step in parse_pipeline(pipeline):
                run = measure if self._is_quiet else self._watch
                function = run(step.text, step, function)
        return function

    def _watch(self, text: str, step: Step, function: Function) -> Function:
        if 0 <= self.limit <= self.runs and not step.rule.required:
            return function
        self.runs += 1
        if _wants(self.print_before, step):
            self._print(f"before {text}", function)
        after = measure(text, step, function)
        if _wants(self.print_after, step):
            self._print(f"after {text}", after)
        elif _wants(self.print_changed, step) and after is not function:
            self._print(f"changed by {text}", after)
        if self.verify_each:
            _verify_after(step, after)
        return after

    def _print(self, title: str, function: Function) -> None:
        stream = self.stream if self.stream is not None else sys.stderr
        stream.write(f"; {title}\n{format_function(function)}\n")


def _wants(names: bool | Collection[str], step: Step) -> bool:
    return names if isinstance(names, bool) else step.name in names


def _verify_after(step: Step, function: Function) -> None:
    try:
        verify(function)
    except VerifyError as error:
        raise VerifyError(f"after the pass {step}: {error}") from error
