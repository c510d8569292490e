"""Sums and products of many numbers against exact ones: what a term passes bounds the error."""

import re
from pathlib import Path

import pytest

from tests.support.sums import COUNTS, most, worst

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
CASES = [(name, count) for name, counts in COUNTS.items() for count in counts if count < 10_000]


@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize(("name", "count"), CASES)
def test_error_is_within_the_bound(name, count, dtype):
    assert worst(name, dtype, count) <= most(name, count, int(dtype[1:]))


def test_the_page_states_the_bounds():
    """docs/accuracy.md is up to date: scripts/measure_accuracy.py writes it."""
    line = r"^\| `(\w+)` \| (\d+)" + r" \| ([\d.]+)" * 3
    lines = re.findall(line, PAGE.read_text(), re.MULTILINE)
    wanted = [(name, count) for name, counts in COUNTS.items() for count in counts]
    assert [(name, int(count)) for name, count, *_ in lines] == wanted
    for name, count, bound, *measured in lines:
        assert bound == f"{most(name, int(count), 64):.1f}"
        assert all(float(error) <= float(bound) for error in measured)
