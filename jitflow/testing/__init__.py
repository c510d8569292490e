"""Text tests: `.jf` files, what a case in one must satisfy, and what runs it."""

from jitflow.testing.cases import Case, Run, bless, read_cases
from jitflow.testing.checking import Mismatch, check_case, compare_verdicts
from jitflow.testing.evaluators import EVALUATORS

__all__ = [
    "EVALUATORS",
    "Case",
    "Mismatch",
    "Run",
    "bless",
    "check_case",
    "compare_verdicts",
    "read_cases",
]
