"""Every pass has text tests of its own: what it changes, what it leaves alone, what it keeps."""

from functools import cache
from pathlib import Path

import pytest

from jitflow.passes.manager import PASSES, parse_pipeline
from jitflow.passes.pipeline import LOOPS
from jitflow.testing import read_cases

CHANGE_RESULTS = {"batch", "linearize", "transpose"}
"""Derivatives and batches: before them a run takes and gives something else than after them."""


@cache
def cases_of(name):
    """The cases of a pass's files, `NAME.jf` and `NAME_*.jf`, that run it."""
    file = Path(__file__).with_name(f"{name}.jf")
    assert file.exists(), f"{name} has no text tests: write {file.name}"
    files = [file, *file.parent.glob(f"{name}_*.jf")]
    cases = [case for file in files for case in read_cases(file.read_text(), file.name)]
    return [case for case in cases if name in {step.name for step in parse_pipeline(case.passes)}]


@pytest.mark.parametrize("name", PASSES)
def test_pass_changes_something(name):
    assert any(case.verdict.startswith("; expect:") for case in cases_of(name))


@pytest.mark.parametrize("name", PASSES)
def test_pass_refuses_or_leaves_something_alone(name):
    assert any(case.verdict == "; unchanged" or case.error for case in cases_of(name))


@pytest.mark.parametrize("name", sorted(PASSES.keys() - CHANGE_RESULTS))
def test_results_are_stated(name):
    assert any(case.runs for case in cases_of(name))


def test_loops_runs_the_stage_as_it_is():
    file = Path(__file__).with_name("loops.jf")
    assert {case.passes for case in read_cases(file.read_text())} == {",".join(LOOPS)}
