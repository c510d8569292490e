"""The format of text tests: a `.jf` file holds cases, a small function and what must come of it.

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
before and after the passes, interpreted and compiled, bit for bit; `~>` allows the last digits to
differ, and `-> error: text` wants a failed check. Over buffers, as they are after `lower`, a run
gives the inputs and states the outputs, or gives all of them and states all as they are afterwards.
A fault stands on its line: `add %x  ; error: 2 operands`.

Owns reading and writing the format. Knows no pass and runs nothing.
"""

from __future__ import annotations

import ast
import os
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from jitflow.errors import ParseError

UNCHANGED = "; unchanged"
EXPECT = "; expect:"
_DIRECTIVE = re.compile(r"; *([a-z]+): *(.*?) *")
_ERROR = re.compile(r"; *error: *(.*?) *$")
_RUN = re.compile(r"(.*?) *(->|~>) *(.*)")
_CONSTANTS = {"nan": float("nan"), "inf": float("inf"), "true": True, "false": False}


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


def read_cases(text: str, file: str = "<text>") -> list[Case]:
    """The cases in a `.jf` file in order; what stands before the first one is prose."""
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if directive(line)[0] == "case"]
    if not starts:
        raise ParseError("no case in this file", text, 1, 1, file, "begin one with `; case: name`")
    cases = [_Reader(lines, file).case(*span) for span in pairwise([*starts, len(lines)])]
    seen: set[str] = set()
    for case in cases:
        if case.name in seen:
            raise ParseError(f"case '{case.name}' stands here twice", text, case.line, 1, file)
        seen.add(case.name)
    return cases


def directive(line: str) -> tuple[str, str]:
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
            key, value = directive(self.lines[index])
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
        name = directive(self.lines[index])[1]
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
    return not line.strip() or (line.startswith(";") and not directive(line)[0])


def bless(path: Path, name: str, verdict: str) -> None:
    """Writes a case's verdict into its file."""
    text = path.read_text()
    (case,) = (case for case in read_cases(text, str(path)) if case.name == name)
    lines = text.split("\n")
    lines[case.span[0] : case.span[1]] = verdict.splitlines()
    blessed = path.with_suffix(".blessed")
    blessed.write_text("\n".join(lines).rstrip("\n") + "\n")
    os.replace(blessed, path)
