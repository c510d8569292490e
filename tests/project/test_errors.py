"""The layout of error texts."""

import pickle

import pytest

from jitflow.errors import (
    DerivativeError,
    DtypeError,
    JitflowError,
    ParseError,
    ShapeError,
    TraceError,
    VerifyError,
    explain,
)


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (ShapeError, ValueError),
        (DtypeError, TypeError),
        (TraceError, TypeError),
        (DerivativeError, ValueError),
        (ParseError, ValueError),
    ],
)
def test_errors_are_builtin_errors_too(error, builtin):
    assert issubclass(error, JitflowError) and issubclass(error, builtin)


def test_explain_puts_shapes_before_dtypes_before_cure():
    text = explain("differ", op="add", shapes=[(3,), (4,)], dtypes=["f32", "f64"], cure="cast")
    assert text.splitlines() == [
        "add: differ",
        "  shapes: (3,), (4,)",
        "  dtypes: f32, f64",
        "  cure: cast",
    ]


def test_text_is_cut_to_six_lines():
    lines = str(VerifyError("\n".join(["x" * 1000] * 9))).splitlines()
    assert len(lines) == 6 and max(map(len, lines)) == 160 and lines[-1] == "  ..."


def test_parse_error_points_at_column():
    error = ParseError("unknown op 'ad'", "a\n\tb = ad c", line=2, column=6, file="x.jf")
    assert str(error).splitlines() == ["x.jf:2:6: unknown op 'ad'", "   b = ad c", "       ^"]
    assert (error.line, error.column) == (2, 6)


@pytest.mark.parametrize("column", [1, 60, 5000, 10000, 10001])
def test_parse_error_in_long_line_shows_the_fault(column):
    line = "." * (column - 1) + "!" + "." * (10000 - column)
    _, shown, caret = str(ParseError("bad", line, 1, column)).splitlines()
    assert len(shown) <= 110 and shown[caret.index("^") :][:1] in ("!", "")


def test_parse_error_behind_the_last_line():
    assert str(ParseError("text ends", "a", 2, 1)).splitlines()[0] == "<text>:2:1: text ends"


def test_parse_error_survives_pickling():
    error = pickle.loads(pickle.dumps(ParseError("bad", "abc", 1, 2)))
    assert (str(error), error.line, error.column) == ("<text>:1:2: bad\n  abc\n   ^", 1, 2)
