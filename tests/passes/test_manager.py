"""The pass manager: pipelines as text, their errors, and what it shows of a run."""

import io

import pytest

from jitflow.errors import ParseError, VerifyError
from jitflow.ir.core import Function, Op, Region
from jitflow.ir.parser import parse_function
from jitflow.passes.manager import (
    PASSES,
    Pass,
    PassManager,
    Step,
    count_ops,
    format_timings,
    parse_pipeline,
    run_pipeline,
)
from jitflow.passes.pipeline_text import parse_steps

TEXT = """
func @f(%x: f32[2]) {
  %0: f32[2] = exp %x
  %1: f32[2] = exp %x
  %2: f32[2] = neg %x
  %3: f32[2] = add %0, %1
  return %3
}
"""


def function():
    return parse_function(TEXT)


def toy(function: Function, *, width: int = 8, names: tuple[str, ...] = (), deep: bool = False,
        scale: float = 1.0, axes: tuple[int, ...] | None = None) -> Function:
    """Does nothing.

    Not shown.
    """
    return function


def demanding(function: Function, *, wrt: tuple[int, ...]) -> Function:
    return function


TOYS = {rule.name: rule for rule in (Pass(toy), Pass(demanding))}


def test_pipeline_text_round_trips():
    text = 'toy{width=64, names=["a", "b"], deep=true, scale=2},demanding{wrt=[0, 1]},toy'
    steps = parse_steps(text, TOYS)
    assert [step.name for step in steps] == ["toy", "demanding", "toy"]
    assert steps[0].options == {"width": 64, "names": ("a", "b"), "deep": True, "scale": 2}
    again = parse_steps(",".join(map(str, steps)), TOYS)
    assert [step.options for step in again] == [step.options for step in steps]


def test_empty_pipeline_is_no_pass():
    f = function()
    assert parse_pipeline("") == ()
    assert run_pipeline("", f) is f


def test_pipeline_may_be_a_sequence():
    steps = parse_pipeline(["cse", *parse_pipeline("dce"), "fold{limit=8}"])
    assert [str(step) for step in steps] == ["cse", "dce", "fold{limit=8}"]


@pytest.mark.parametrize(
    ("text", "problem", "column"),
    [
        ("csee", "unknown pass 'csee'", 1),
        ("cse,,dce", "expected a pass, got ','", 5),
        ("cse,", "expected a pass, got the end of the text", 5),
        ("cse dce", "expected ',', got 'dce'", 5),
        ("fold{size=3}", "fold has no option 'size'", 6),
        ("fold{limit=3, limit=4}", "option 'limit' is given twice", 15),
        ("fold{limit=true}", "option 'limit' of fold takes a whole number", 12),
        ("fold{limit=2.5}", "option 'limit' of fold takes a whole number", 12),
        ("fold{limit=[1]}", "option 'limit' of fold takes a whole number", 12),
        ("fold{limit}", "expected '=', got '}'", 11),
        ("fold{limit=3", "expected ',', got the end of the text", 13),
        ("canonicalize{fast=1}", "option 'fast' of canonicalize takes true or false", 19),
        ("cse\n, ces", "unknown pass 'ces'", 3),
        ("cse!", "unexpected character", 4),
    ],
)
def test_faults_in_pipelines_have_a_place(text, problem, column):
    with pytest.raises(ParseError) as caught:
        parse_pipeline(text)
    assert problem in str(caught.value)
    assert caught.value.column == column


def test_unknown_pass_names_the_nearest():
    with pytest.raises(ParseError) as caught:
        parse_pipeline("csee")
    assert "did you mean 'cse'? `jitflow passes` lists all" in str(caught.value)


def test_missing_option_is_named():
    with pytest.raises(ParseError, match=r"demanding needs the option 'wrt': a list of whole"):
        parse_steps("demanding", TOYS)


def test_passes_describe_themselves():
    assert TOYS["toy"].summary == "Does nothing."
    assert [option.name for option in TOYS["toy"].options.values()][:2] == ["width", "names"]
    for rule in PASSES.values():
        assert rule.summary.endswith("."), rule
        assert all(option.wanted for option in rule.options.values())


def test_print_before_after_and_changed():
    stream = io.StringIO()
    run_pipeline("fold,cse,dce", function(), print_changed=True, stream=stream)
    assert [line for line in stream.getvalue().splitlines() if line.startswith(";")] == [
        "; changed by cse", "; changed by dce",
    ]
    texts = stream.getvalue().split("\n\n")[:2]
    assert [count_ops(parse_function(text)) for text in texts] == [3, 2]

    stream = io.StringIO()
    manager = PassManager(print_before={"cse"}, print_after={"fold", "dce"}, stream=stream)
    manager.run("fold,cse,dce", function())
    assert [line for line in stream.getvalue().splitlines() if line.startswith(";")] == [
        "; after fold", "; before cse", "; after dce",
    ]


def test_printing_goes_to_standard_error(capsys):
    run_pipeline("cse", function(), print_after=True)
    assert "; after cse" in capsys.readouterr().err


def test_print_of_an_unknown_pass_is_refused():
    with pytest.raises(ParseError, match="unknown pass 'cze'"):
        PassManager(print_after={"cze"})


def test_timing():
    manager = PassManager(timing=True)
    manager.run("cse,dce", function())
    assert [(t.step, t.ops_before, t.ops_after) for t in manager.timings] == [
        ("cse", 4, 3), ("dce", 3, 2),
    ]
    table = format_timings(manager.timings)
    assert "4 -> 3" in table and "total" in table


def test_limit_counts_over_all_pipelines_of_a_manager():
    manager = PassManager(limit=2)
    once = manager.run("fold,cse", function())
    assert count_ops(once) == 3
    assert manager.run("dce", once) is once
    assert manager.runs == 2


def test_limit_does_not_skip_lowering():
    manager = PassManager(limit=0)
    called = parse_function("""
        func @f(%x: f32[]) {
          %0: f32[] = call %x {name="g"} (%a: f32[]) {
            yield %a
          }
          return %0
        }""")
    assert count_ops(manager.run("inline,cse", called)) == 0
    assert manager.runs == 1


def test_verify_each_names_the_pass():
    def spoil(function: Function) -> Function:
        op = function.ops[0]
        fresh = Op(op.row, op.operands, op.attrs, [], ())
        return function.with_body(Region(function.params, (fresh,), function.params))

    with pytest.raises(VerifyError, match="after the pass spoil: @f: exp gives"):
        PassManager(verify_each=True).run([Step(Pass(spoil))], function())
