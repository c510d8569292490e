"""The errors a user may see, and the layout of their text.

Owns the exception classes and the order of an error's lines: place, operation and problem, shapes,
dtypes, cure; six lines at most. Knows nothing of IR, arrays or LLVM: callers hand in strings.
"""

from collections.abc import Iterable
from typing import Protocol

from numpy import exceptions
from numpy.linalg import LinAlgError

MAX_LINES = 6
MAX_WIDTH = 160
CARET_WINDOW = 100


class Place(Protocol):
    """A line of source: `str(place)` is `file:line`, or "" where it is unknown."""

    @property
    def text(self) -> str:
        """What stands on the line, or "" where its file cannot be read."""


class JitflowError(Exception):
    """Base of every error that jitflow raises on purpose. Its text is cut to six lines."""

    def __init__(self, text: str = "") -> None:
        super().__init__(clip(text))


class ShapeError(JitflowError, ValueError):
    """Shapes that do not fit the operation."""


class AxisError(ShapeError, exceptions.AxisError):
    """An axis or an index that an array does not have; NumPy's is an IndexError as well."""


class MatrixError(ShapeError, LinAlgError):
    """Shapes that a function of linear algebra does not take: no matrix, not square."""


class DtypeError(JitflowError, TypeError):
    """Dtypes that do not fit the operation, or that jitflow does not have."""


class RangeError(JitflowError, OverflowError):
    """A Python integer that does not fit the dtype that it meets."""


class ArgumentError(JitflowError, ValueError):
    """An argument with a value that the function does not take."""


class DeviceError(JitflowError, ValueError):
    """A device that is not there."""


class TraceError(JitflowError, TypeError):
    """Python code that cannot be traced, or a traced value used where a concrete one is needed."""


class NumpyArrayError(TraceError):
    """A traced value met an array or a function of NumPy's own, which know of no trace."""


class DerivativeError(JitflowError, ValueError):
    """A derivative that does not exist, or that jitflow does not know."""


class GradientError(JitflowError, AssertionError):
    """A derivative that differs from what differences of values say."""


class VerifyError(JitflowError):
    """IR that breaks a rule of its level."""


class NoCodeError(JitflowError, NotImplementedError):
    """Valid IR that cannot be compiled yet: an op, a dtype, a size that only the call knows."""


class LinkError(JitflowError):
    """An object that imports what it may not, or that cannot be read or linked."""


class LinalgError(JitflowError, LinAlgError):
    """A matrix that a function of linear algebra does not take: singular, not positive definite."""


class CheckError(JitflowError):
    """A check inside compiled or interpreted code failed: the first one in program order.

    `id` is that of the check, 0 where it is not known.
    """

    def __init__(self, text: str = "", id: int = 0) -> None:
        super().__init__(text)
        self.id = id


class IndexCheckError(CheckError, IndexError):
    """An index that an array does not have, found while compiled code ran."""


class ValueCheckError(CheckError, ValueError):
    """A value that an operation does not take, found while compiled code ran."""


class ConfigError(JitflowError, ValueError):
    """An environment variable with a value that its setting does not take."""


class UsageError(JitflowError, ValueError):
    """A command line that asks for something that is not there or cannot be done."""


class ParseError(JitflowError, ValueError):
    """Text that cannot be read: IR, a spec, a pipeline. `line` and `column` count from 1."""

    def __init__(
        self,
        problem: str,
        text: str = "",
        line: int = 0,
        column: int = 0,
        file: str = "<text>",
        cure: str = "",
    ) -> None:
        super().__init__(point_at(problem, text, line, column, file, cure) if line else problem)
        self.line = line
        self.column = column
        self.file = file


def explain(
    problem: str,
    *,
    op: str = "",
    at: Place | None = None,
    shapes: Iterable[object] = (),
    dtypes: Iterable[object] = (),
    cure: str = "",
) -> str:
    """The text of an error: `at` is the line of the user's code that it is about.

    >>> print(explain("sizes differ", op="add", shapes=[(3,), (4,)], cure="broadcast one side"))
    add: sizes differ
      shapes: (3,), (4,)
      cure: broadcast one side
    """
    where = "" if at is None else str(at)
    lines = [f"{where}: {at.text}" if at.text else where] if at is not None and where else []
    lines.append(f"{op}: {problem}" if op else problem)
    for label, parts in (("shapes", shapes), ("dtypes", dtypes)):
        if listed := ", ".join(map(str, parts)):
            lines.append(f"  {label}: {listed}")
    if cure:
        lines.append(f"  cure: {cure}")
    return "\n".join(lines)


def point_at(problem: str, text: str, line: int, column: int, file: str, cure: str = "") -> str:
    """The text of an error in text input: place and problem, the line, a caret, the cure.

    Only a window of a long line is shown, with the fault in it.
    """
    lines = text.split("\n")
    source = printable(lines[line - 1]) if line <= len(lines) else ""
    start = max(0, column - CARET_WINDOW // 2) if len(source) > CARET_WINDOW else 0
    window = source[start : start + CARET_WINDOW]
    shown = [f"{file}:{line}:{column}: {problem}", f"  {window}"]
    shown.append(f"  {' ' * (column - 1 - start)}^")
    if cure:
        shown.append(f"  cure: {cure}")
    return "\n".join(shown)


def printable(text: str) -> str:
    """The text with each tab and control character as one blank, so that a caret lines up."""
    return "".join(character if character.isprintable() else " " for character in text)


def clip(text: str) -> str:
    """At most six lines of at most 160 characters; what is cut leaves `...` behind."""
    lines = [cut(line) for line in text.splitlines()]
    if len(lines) > MAX_LINES:
        lines = [*lines[: MAX_LINES - 1], "  ..."]
    return "\n".join(lines)


def cut(line: str) -> str:
    """The line, or its first 157 characters and `...`."""
    return line if len(line) <= MAX_WIDTH else line[: MAX_WIDTH - 3] + "..."


def described(x: object) -> str:
    """What an error calls a value of the wrong class: `an int`, `a list`, `None`."""
    kind = type(x).__name__
    if x is None:
        return "None"
    return f"an {kind}" if kind[0].lower() in "aeiou" or kind == "ndarray" else f"a {kind}"


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that somebody may have meant, or ""."""
    import difflib  # noqa: PLC0415  (nothing for `import jitflow`)

    return next(iter(difflib.get_close_matches(name, list(known), 1)), "")
