"""The format of text tests, and that a case cannot pass by mistake."""

import pytest

from jitflow.errors import ParseError, VerifyError
from jitflow.ir.parser import parse_function
from jitflow.testing import EVALUATORS, Mismatch, bless, check_case, compare_verdicts, read_cases

DOUBLE = """\
func @double(%x: f32[2]) {
  %0: f32[2] = add %x, %x
  return %0
}
"""


TWO_TEMPORARIES = """\
func @f(%out: &f32[2]) {outputs=1} {
  %0: i64[] = constant {value=0}
  %one: f32[] = constant {value=1.0}
  %two: f32[] = constant {value=2.0}
  %a: &f32[1] temp = alloc {offset=0}
  %b: &f32[1] temp = alloc {offset=64}
  store %one, %a, %0
  store %two, %b, %0
  %1: f32[] = load %a, %0
  store %1, %out, %0
  return
}
"""


def one_case(body: str, header: str = ""):
    (case,) = read_cases(f"Prose.\n\n; case: it\n{header}{body}", "t.jf")
    return case


def test_case_without_passes_is_printed():
    case = one_case(f"{DOUBLE}; expect:\n{DOUBLE}\n; Prose of the next case.\n\n")
    compare_verdicts(case, check_case(case))


def test_spacing_of_the_input_is_free():
    case = one_case(f"{DOUBLE.replace('  ', '     ')}; expect:\n{DOUBLE}")
    compare_verdicts(case, check_case(case))


def test_other_outcome_shows_a_diff():
    case = one_case(f"{DOUBLE}; expect:\n{DOUBLE.replace('add', 'mul')}")
    with pytest.raises(Mismatch, match=r"t.jf:3: it: another(.|\n)*\n-.* mul (.|\n)*\n\+.* add "):
        compare_verdicts(case, check_case(case))


@pytest.mark.parametrize(
    "run",
    [
        "[1.0, -2.5] -> [2.0, -5.0]",
        "[nan, -inf] -> [nan, -inf]",
        "[-0.0, 0.0] -> [-0.0, 0.0]",
        "[0.1, 0.2] ~> [0.2, 0.4]",
    ],
)
def test_run_holds(run):
    assert check_case(one_case(DOUBLE, f"; run: {run}\n")) == ""


@pytest.mark.parametrize(
    "run",
    [
        "[1.0, 2.0] -> [2.0, 5.0]",
        "[1.0, 2.0] -> [2.0]",
        "[1.0, 2.0] -> [2.0, nan]",
        "[-0.0, 2.0] -> [0.0, 4.0]",
        "[1.0, 2.0] ~> [2.1, 4.0]",
        "[1.0, 2.0] -> [2.0, 4.0], 1.0",
        "[1.0, 2.0], 1.0 -> [2.0, 4.0]",
        "[1.0, 2.0] -> error: index",
    ],
)
def test_run_does_not_hold(run):
    with pytest.raises(Mismatch, match=r"t.jf:4: interpreter gives"):
        check_case(one_case(DOUBLE, f"; run: {run}\n"))


def test_compiled_code_must_agree():
    """The interpreter knows no offsets, so that these two differ."""
    run = "; run: [0.0, 3.0] -> [1.0, 3.0]\n"
    assert check_case(one_case(TWO_TEMPORARIES, run)) == ""
    with pytest.raises(Mismatch, match=r"t.jf:4: compiled code gives \[2.0, 3.0\]"):
        check_case(one_case(TWO_TEMPORARIES.replace("offset=64", "offset=0"), run))


@pytest.mark.parametrize("type", ["f32[n]", "token"])
def test_types_without_code(type):
    function = parse_function(f"func @f(%x: {type}) {{ return %x }}")
    assert EVALUATORS["compiled code"](function) is None


def test_ops_without_code():
    body = "%0: f32[] = cond %c, %x (%a: f32[]) { yield %a } (%b: f32[]) { yield %b }"
    function = parse_function(f"func @f(%c: bool[], %x: f32[]) {{ {body} return %0 }}")
    assert EVALUATORS["compiled code"](function) is None


def test_faults_of_code_are_no_missing_code():
    mixed = parse_function("func @f(%x: &f32[2], %i: i64[]) { %0: f32[] = load %x, %i return }")
    with pytest.raises(VerifyError, match="level 3 takes buffers"):
        EVALUATORS["compiled code"](mixed)


def test_error_on_its_line():
    case = one_case(DOUBLE.replace("add %x, %x", "add %x  ; error: takes 2 operands"))
    assert check_case(case) == ""


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (DOUBLE.replace("add", "ad").replace("{\n", "{  ; error: unknown op\n"), "the error here"),
        (DOUBLE.replace("x, %x", "x  ; error: unknown op"), "expected error: unknown op"),
        (DOUBLE.replace("x, %x", "x, %x  ; error: operands"), "no error"),
    ],
)
def test_missing_error_is_found(body, problem):
    with pytest.raises(Mismatch, match=problem):
        check_case(one_case(body))


def test_error_of_a_pipeline_stands_on_the_passes_line():
    assert check_case(one_case(DOUBLE, "; passes: nosuch  ; error: unknown pass 'nosuch'\n")) == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no case"),
        ("; case: two words\n", "needs a name"),
        ("; case: a\n; case: a\n", "twice"),
        ("; case: a\n; pass: cse\n", "unknown directive 'pass'"),
        ("; case: a\n; run: [1.0]\n", "needs a result"),
        ("; case: a\n; run: [1.0 -> 2.0\n", "cannot read the values"),
        ("; case: a\n; run: f(1) -> 2.0\n", "cannot read the values"),
        ("; case: a\n; unchanged\n; run: 1.0 -> 2.0\n", "under the expectation"),
    ],
)
def test_malformed_file(text, problem):
    with pytest.raises(ParseError, match=problem):
        read_cases(text)


def test_bless_rewrites_one_verdict(tmp_path):
    file = tmp_path / "t.jf"
    first = f"; case: first\n{DOUBLE}\n; Prose.\n"
    second = f"; case: second\n{DOUBLE}; expect:\nold\n"
    file.write_text(first + second)
    for case in read_cases(file.read_text()):
        bless(file, case.name, check_case(case))
    assert file.read_text() == (
        f"; case: first\n{DOUBLE}; expect:\n{DOUBLE}\n; Prose.\n"
        f"; case: second\n{DOUBLE}; expect:\n{DOUBLE}"
    )
    for case in read_cases(file.read_text()):
        compare_verdicts(case, check_case(case))
