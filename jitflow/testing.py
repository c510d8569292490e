"""Text tests: a `.jf` file holds cases, each a small function and what must come of it.

    ; case: reuses_add
    ; passes: cse
    ; run: [1.0, 2.0] -> [4.0, 16.0]
    func @f(%x: f32[2]) {
      %0: f32[2] = add %x, %x
      %1: f32[2] = add %x, %x
      %2: f32[2] = mul %0, %1
      return %2
    }
    ; expect:
    func @f(%x: f32[2]) {
      ...

`; unchanged` in place of `; expect:` says that the passes return the same object. Without
`; passes:` the text is parsed and printed. `; run: arguments -> results` holds for the function
before and after the passes, bit for bit; `~>` allows the last digits to differ, and
`-> error: text` wants a failed check. A fault stands on its line: `add %x  ; error: 2 operands`.

Owns the format. Knows nothing of pytest: tests/conftest.py collects the cases.
"""

from __future__ import annotations

import ast
import difflib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from jitflow.errors import JitflowError, ParseError
from jitflow.ir.core import Function
from jitflow.ir.interpreter import interpret
from jitflow.ir.parser import parse_function
from jitflow.ir.printer import format_function
from jitflow.ir.types import BufferType
from jitflow.ir.verifier import verify
from jitflow.passes.manager import run_pipeline

Evaluator = Callable[[Function, Sequence[Any]], Sequence[Any]]
"""Results of a function on arrays; buffers among the arguments are written in place."""

EVALUATORS: dict[str, Evaluator] = {"interpreter": interpret}
"""What runs a case's `; run:` lines, by name."""

UNCHANGED = "; unchanged"
EXPECT = "; expect:"
_DIRECTIVE = re.compile(r"; *([a-z]+): *(.*?) *")
_ERROR = re.compile(r"; *error: *(.*?) *$")
_RUN = re.compile(r"(.*?) *(->|~>) *(.*)")
_CONSTANTS = {"nan": float("nan"), "inf": float("inf"), "true": True, "false": False}
_TOLERANCE = 1e-5


class Mismatch(AssertionError):
    """A case whose outcome is not the expected one; the text is the whole message."""


@dataclass(frozen=True)
class Run:
    """One `; run:` line: Python literals in, literals or the text of an error out."""

    line: int
    arguments: tuple[Any, ...]
    results: tuple[Any, ...]
    exact: bool
    error: str


@dataclass(frozen=True)
class Case:
    """One case. `text` starts with blank lines, so that its line numbers are the file's.

    It is without `; error:` comments: an error that quotes its line must not match by that.
    """

    file: str
    name: str
    line: int
    text: str
    passes: str
    runs: tuple[Run, ...]
    error: tuple[int, str] | None
    verdict: str
    """`; unchanged`, or `; expect:` and the text under it, or nothing."""

    span: tuple[int, int]
    """The verdict is lines[span[0] : span[1]] of the file."""


# Reading.


def read_cases(text: str, file: str = "<text>") -> list[Case]:
    """The cases in a `.jf` file in order; what stands before the first one is prose."""
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if _directive(line)[0] == "case"]
    if not starts:
        raise ParseError("no case in this file", text, 1, 1, file, "begin one with `; case: name`")
    cases = [_Reader(lines, file).case(*span) for span in pairwise([*starts, len(lines)])]
    seen: set[str] = set()
    for case in cases:
        if case.name in seen:
            raise ParseError(f"case '{case.name}' stands here twice", text, case.line, 1, file)
        seen.add(case.name)
    return cases


def _directive(line: str) -> tuple[str, str]:
    """(key, value) of a `; key: value` line, ("", "") of any other line."""
    if line.rstrip() == UNCHANGED:
        return "unchanged", ""
    match = _DIRECTIVE.fullmatch(_ERROR.sub("", line))
    return (match[1], match[2]) if match is not None else ("", "")


class _Reader:
    def __init__(self, lines: list[str], file: str) -> None:
        self.lines = lines
        self.file = file

    def fail(self, problem: str, index: int, cure: str = "") -> NoReturn:
        raise ParseError(problem, "\n".join(self.lines), index + 1, 1, self.file, cure)

    def case(self, start: int, end: int) -> Case:
        while _is_prose(self.lines[end - 1]):
            end -= 1
        passes, runs, verdict = "", [], end
        for index in range(start + 1, end):
            key, value = _directive(self.lines[index])
            if key and verdict < end:
                self.fail(f"'{key}' stands under the expectation", index, "move it above")
            match key:
                case "":
                    pass
                case "passes":
                    passes = value
                case "run":
                    runs.append(self.run(value, index))
                case "expect" | "unchanged":
                    verdict = index
                case _:
                    self.fail(f"unknown directive '{key}'", index, "passes, run, expect, unchanged")
        return Case(
            self.file,
            self.name(start),
            start + 1,
            "\n" * start + "\n".join(_ERROR.sub("", line) for line in self.lines[start:verdict]),
            passes,
            tuple(runs),
            self.error(start, verdict),
            "\n".join(self.lines[verdict:end]),
            (verdict, end),
        )

    def name(self, index: int) -> str:
        name = _directive(self.lines[index])[1]
        if not name.isidentifier():
            self.fail("a case needs a name", index, "such as `; case: reuses_add`")
        return name

    def error(self, start: int, end: int) -> tuple[int, str] | None:
        """The line that must be at fault, counted from 1, and what its error must say."""
        for index in range(start, end):
            if (match := _ERROR.search(self.lines[index])) is not None:
                return index + 1, match[1]
        return None

    def run(self, text: str, index: int) -> Run:
        match = _RUN.fullmatch(text)
        if match is None:
            self.fail("a run needs a result", index, "such as `; run: [1.0] -> [2.0]`")
        arguments, exact = self.literals(match[1], index), match[2] == "->"
        if match[3].startswith("error:"):
            return Run(index + 1, arguments, (), exact, match[3].removeprefix("error:").strip())
        return Run(index + 1, arguments, self.literals(match[3], index), exact, "")

    def literals(self, text: str, index: int) -> tuple[Any, ...]:
        """Numbers and nested lists of them, divided by commas; nan, inf, true, false too."""
        try:
            tree = ast.parse(f"[{text}]", mode="eval")
            return tuple(ast.literal_eval(_Constants().visit(tree)))
        except (SyntaxError, ValueError):
            self.fail(f"cannot read the values {text}", index, "numbers and lists of numbers")


class _Constants(ast.NodeTransformer):
    """Turns the names of constants into constants, so that literal_eval takes them."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(_CONSTANTS[node.id]) if node.id in _CONSTANTS else node


def _is_prose(line: str) -> bool:
    """True of blank lines and comments, which belong to the case that follows."""
    if _ERROR.search(line) is not None:
        return False
    return not line.strip() or (line.startswith(";") and not _directive(line)[0])


# Checking.


def check_case(case: Case) -> str:
    """The verdict that a case comes to; raises Mismatch where a run or an expected error differs.

    The verifier runs on the text and after every pass, and the result must parse back equal.
    """
    if case.error is not None:
        _check_error(case, *case.error)
        return case.verdict
    before, after = _transform(case)
    for run in case.runs:
        for function in (before, after) if after is not before else (before,):
            _check_run(case, run, function)
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


def bless(path: Path, name: str, verdict: str) -> None:
    """Writes a case's verdict into its file."""
    text = path.read_text()
    (case,) = (case for case in read_cases(text, str(path)) if case.name == name)
    lines = text.split("\n")
    lines[case.span[0] : case.span[1]] = verdict.splitlines()
    blessed = path.with_suffix(".blessed")
    blessed.write_text("\n".join(lines).rstrip("\n") + "\n")
    os.replace(blessed, path)


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
    if _directive(case.text.split("\n")[line - 1])[0] == "passes":
        return True
    named = re.findall(re.escape(case.file) + r":(\d+)", str(error))
    return str(line) in named


def _check_run(case: Case, run: Run, function: Function) -> None:
    for evaluator in EVALUATORS:
        problem = _run_problem(run, function, EVALUATORS[evaluator])
        if problem:
            shown = format_function(function)
            raise Mismatch(f"{case.file}:{run.line}: {evaluator} gives {problem}\n{shown}")


def _run_problem(run: Run, function: Function, evaluate: Evaluator) -> str:
    """What an evaluator gives in place of the stated results, or ""."""
    types = [param.type for param in function.params]
    if len(types) != len(run.arguments):
        return f"no result: @{function.name} takes {len(types)} arguments"
    arguments = [_array(v, t) for v, t in zip(run.arguments, types, strict=True)]
    try:
        results = list(evaluate(function, arguments))
    except JitflowError as error:
        return "" if run.error and run.error in str(error) else f"the error {error}"
    results += [a for a, t in zip(arguments, types, strict=True) if isinstance(t, BufferType)]
    if not run.error and _equal(results, run):
        return ""
    return ", ".join(str(np.asarray(result).tolist()) for result in results)


def _array(value: Any, type: Any) -> Any:
    """A literal as an array of a parameter's dtype; `[]` takes any shape without elements."""
    array = np.array(value, dtype=type.dtype.numpy)
    return array.reshape(type.shape) if array.size == 0 else array


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
