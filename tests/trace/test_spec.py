"""Specs: what text stands for which array, and where faulty text is at fault."""

import pytest

from jitflow.errors import ParseError
from jitflow.ir.dims import dim_max, symbol
from jitflow.ir.dtypes import DTYPES, bf16, bool_, c128, f32, f64, i64
from jitflow.trace.pytree import flatten
from jitflow.trace.spec import Spec, parse_specs, spec

n = symbol("n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f32[128, 64]", Spec(f32, (128, 64))),
        ("f32[]", Spec(f32)),
        (" float32 [ 2,3 ] ", Spec(f32, (2, 3))),
        ("bfloat16[0]", Spec(bf16, (0,))),
        ("f32[2*n + 1, max(n - 1, 4)]", Spec(f32, (2 * n + 1, dim_max(n - 1, 4)))),
        ("float", Spec(f64, (), weak=True)),
        ("int", Spec(i64, (), weak=True)),
        ("bool", Spec(bool_, (), weak=True)),
        ("complex", Spec(c128, (), weak=True)),
        ("bool[]", Spec(bool_)),
        ("None", None),
        ("()", ()),
        ("(f32[])", Spec(f32)),
        ("(f32[],)", (Spec(f32),)),
        ("[float, None]", [Spec(f64, (), weak=True), None]),
        ("{a: f32[3], 'b c': [], 0: int,}", {"a": Spec(f32, (3,)), "b c": [], 0: spec("int")}),
    ],
)  # fmt: skip
def test_spec(text, expected):
    assert spec(text) == expected


@pytest.mark.parametrize("name", DTYPES)
def test_text_reads_back(name):
    for given in (Spec(DTYPES[name], (3, n)), Spec(DTYPES[name])):
        assert spec(str(given)) == given
    assert spec(f"{DTYPES[name].numpy.name}[3]") == Spec(DTYPES[name], (3,))


def test_weak_scalars_read_back():
    for text in ("bool", "int", "float", "complex"):
        assert str(spec(text)) == text


def test_parse_specs():
    assert parse_specs("f32[512,4096], f32[],\n i64[3]") == (
        Spec(f32, (512, 4096)), Spec(f32), Spec(i64, (3,)),
    )  # fmt: skip
    assert parse_specs("(f32[2], {a: f32[3]}), int") == (
        (Spec(f32, (2,)), {"a": Spec(f32, (3,))}), Spec(i64, (), weak=True),
    )  # fmt: skip
    assert parse_specs(" ") == ()


def test_a_spec_is_a_leaf():
    assert flatten(parse_specs("f32[2], [f32[3]]"))[0] == [Spec(f32, (2,)), Spec(f32, (3,))]


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("", 1, 1, "expected a spec"),
        ("f33[2]", 1, 1, "unknown dtype 'f33'"),
        ("object[2]", 1, 1, "unknown dtype 'object'"),
        ("f32", 1, 4, r"expected '\[' after f32"),
        ("f32[2", 1, 6, "expected ',' or '\\]' in a shape"),
        ("f32[2 3]", 1, 7, "expected ',' or '\\]' in a shape"),
        ("f32[2,]", 1, 7, "expected a size"),
        ("f32[,2]", 1, 5, "expected a size"),
        ("f32[-1]", 1, 5, "a size is at least 0, and -1 may be less"),
        ("f32[2, n - 5]", 1, 8, "n - 5 may be less"),
        ("f32[2.5]", 1, 6, "expected ','"),
        ("f32[2]]", 1, 7, "expected the end of the spec"),
        ("f32[2], f32[2]", 1, 7, "expected the end of the spec"),
        ("(f32[2],\n f3[2])", 2, 2, "unknown dtype 'f3'"),
        ("(f32[2] f32[2])", 1, 9, r"expected ',' or '\)'"),
        ("(f32[2]", 1, 8, r"expected ',' or '\)'"),
        ("(,)", 1, 2, "expected a spec"),
        ("{f32[2]}", 1, 5, "expected ':' after a key"),
        ("{a: int, a: int}", 1, 10, "key 'a' given twice"),
        ("{[]: int}", 1, 2, "expected a key"),
        ("(" * 5000, 1, 51, "nest at most 50"),
        ("f32[" + "1," * 64 + "1]", 1, 134, "at most 64 dimensions"),
        ("f32[2], ", 1, 7, "expected the end"),
        ("é", 1, 1, "expected a spec"),
    ],
)
def test_spec_error(text, line, column, problem):
    with pytest.raises(ParseError, match=problem) as caught:
        spec(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_the_error_shows_the_text_with_a_caret():
    with pytest.raises(ParseError) as caught:
        parse_specs("f32[3], f33[2]", file="--args")
    lines = str(caught.value).splitlines()
    assert lines[:3] == ["--args:1:9: unknown dtype 'f33'", "  f32[3], f33[2]", "          ^"]
    assert "f32" in lines[3]


def test_specs_between_commas():
    with pytest.raises(ParseError, match="expected ',' between specs"):
        parse_specs("f32[] f32[]")
    with pytest.raises(ParseError, match="expected a spec"):
        parse_specs("f32[],")
    with pytest.raises(TypeError, match="a spec is text, got int"):
        spec(3)
