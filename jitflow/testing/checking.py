"""Runs a case: its passes, its `; run:` lines by every evaluator, and compares the outcome.

Owns what a case must satisfy. Knows nothing of pytest: tests/conftest.py collects the cases.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np

from jitflow.errors import CheckError, JitflowError
from jitflow.ir.core import Function
from jitflow.ir.parser import parse_function
from jitflow.ir.printer import format_function
from jitflow.ir.types import BufferType
from jitflow.ir.verifier import verify
from jitflow.passes.manager import run_pipeline
from jitflow.testing.cases import EXPECT, UNCHANGED, Case, Run, directive
from jitflow.testing.evaluators import EVALUATORS, Call

_TOLERANCE = 1e-5


class Mismatch(AssertionError):
    """A case whose outcome is not the expected one; the text is the whole message."""


def check_case(case: Case) -> str:
    """The verdict that a case comes to; raises Mismatch where a run or an expected error differs.

    The verifier runs on the text and after every pass, and the result must parse back equal.
    """
    if case.error is not None:
        _check_error(case, *case.error)
        return case.verdict
    before, after = _transform(case)
    if case.runs:
        for function in (before, after) if after is not before else (before,):
            _check_runs(case, function)
    printed = format_function(after)
    if parse_function(printed) != after:
        raise Mismatch(f"{_place(case)}: does not parse back to an equal function:\n{printed}")
    if case.runs and not case.verdict:
        return ""
    return UNCHANGED if case.passes and after is before else f"{EXPECT}\n{printed.rstrip()}"


def compare_verdicts(case: Case, verdict: str) -> None:
    """Raises Mismatch with a diff where a case's verdict is not the one that the file states."""
    if verdict == case.verdict:
        return
    stated, found = case.verdict.splitlines(), verdict.splitlines()
    diff = difflib.unified_diff(stated, found, "expected", "got", lineterm="", n=len(found))
    cure = "JITFLOW_BLESS=1 writes what was got into the file"
    raise Mismatch("\n".join([f"{_place(case)}: another outcome; {cure}", *diff]))


def _transform(case: Case) -> tuple[Function, Function]:
    before = verify(parse_function(case.text, case.file))
    after = run_pipeline(case.passes, before, verify_each=True) if case.passes else before
    return before, verify(after)


def _check_error(case: Case, line: int, expected: str) -> None:
    try:
        _transform(case)
    except JitflowError as error:
        text = str(error)
        if expected not in text:
            raise Mismatch(f"{case.file}:{line}: expected error: {expected}\ngot: {text}") from None
        if not _is_about(error, case, line):
            raise Mismatch(f"{case.file}:{line}: expected the error here\ngot: {text}") from None
        return
    raise Mismatch(f"{case.file}:{line}: no error; expected: {expected}")


def _is_about(error: JitflowError, case: Case, line: int) -> bool:
    """True where an error names this line of the file; errors of pipelines name no line of it."""
    if directive(case.text.split("\n")[line - 1])[0] == "passes":
        return True
    named = re.findall(re.escape(case.file) + r":(\d+)", str(error))
    return str(line) in named


def _check_runs(case: Case, function: Function) -> None:
    """Raises Mismatch where a run does not give what it states, by any evaluator."""
    for name, evaluator in EVALUATORS.items():
        call = evaluator(function)
        if call is None:
            continue
        for run in case.runs:
            problem = _run_problem(run, function, call)
            if problem:
                shown = format_function(function)
                raise Mismatch(f"{case.file}:{run.line}: {name} gives {problem}\n{shown}")


def _run_problem(run: Run, function: Function, call: Call) -> str:
    """What a call gives in place of the stated results, or "".

    A run that leaves out the buffers of outputs states those alone as results.
    """
    types = [param.type for param in function.params]
    given, outputs = len(run.arguments), function.attrs.get("outputs", 0)
    if given not in (len(types), len(types) - outputs):
        return f"no result: @{function.name} takes {len(types)} arguments"
    arguments = [_array(v, t) for v, t in zip(run.arguments, types[:given], strict=True)]
    arguments += [_unwritten(t) for t in types[given:]]
    try:
        results = list(call(arguments))
    except CheckError as error:
        return "" if run.error and run.error in str(error) else f"the error {error}"
    except JitflowError as error:
        return f"the error {error}"
    stated = slice(0 if given == len(types) else given, None)
    buffers = [isinstance(t, BufferType) for t in types]
    results += compress(arguments[stated], buffers[stated])
    if not run.error and _equal(results, run):
        return ""
    return ", ".join(str(np.asarray(result).tolist()) for result in results)


def _array(value: Any, type: Any) -> Any:
    """A literal as an array of a parameter's dtype; `[]` takes any shape without elements."""
    array = np.array(value, dtype=type.dtype.numpy)
    return array.reshape(type.shape) if array.size == 0 else array


def _unwritten(type: Any) -> Any:
    """A buffer before its first store; who reads it finds a number that is not expected."""
    return np.full(type.shape, 77, type.dtype.numpy)


def _equal(results: Sequence[Any], run: Run) -> bool:
    return len(results) == len(run.results) and all(
        _same(result, stated, run.exact)
        for result, stated in zip(results, run.results, strict=True)
    )


def _same(result: Any, stated: Any, exact: bool) -> bool:
    """Equal shape and bits (NaNs alike, -0.0 unlike 0.0), or the same but for the last digits."""
    got = np.asarray(result)
    want = np.asarray(stated, dtype=got.dtype)
    want = want.reshape(got.shape) if want.size == got.size == 0 else want
    if got.shape != want.shape:
        return False
    if exact:
        signs = np.signbit(got) == np.signbit(want) if got.dtype.kind == "f" else True
        return bool(np.all((got == want) & signs | (got != got) & (want != want)))
    return bool(np.allclose(got, want, _TOLERANCE, _TOLERANCE, equal_nan=True))


def _place(case: Case) -> str:
    return f"{case.file}:{case.line}: {case.name}"
