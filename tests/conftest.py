"""Collects text tests: `pytest tests/passes/cse.jf::reuses_add` runs one case of a `.jf` file.

`JITFLOW_BLESS=1 pytest ...` writes the outcome of each case into its file. The format is in
jitflow/testing/cases.py.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("JITFLOW_CACHE_DIR", "off")  # before jitflow reads it

from jitflow.errors import ParseError
from jitflow.testing import Mismatch, bless, check_case, compare_verdicts, read_cases

EVERYWHERE = settings(
    derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)
"""Of hypothesis: the same examples in every run, however slow the machine."""

settings.register_profile("everywhere", EVERYWHERE)
settings.register_profile("search", EVERYWHERE, derandomize=False)
settings.load_profile("everywhere")

BLESSING = os.environ.get("JITFLOW_BLESS", "") == "1"


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".jf":
        return TextFile.from_parent(parent, path=file_path)
    return None


class TextFile(pytest.File):
    """A `.jf` file."""

    def collect(self):
        try:
            cases = read_cases(self.path.read_text(), os.path.relpath(self.path))
        except ParseError as error:
            raise self.CollectError(str(error)) from error
        for case in cases:
            yield TextCase.from_parent(self, name=case.name, case=case)


class TextCase(pytest.Item):
    """One case of a `.jf` file."""

    def __init__(self, *, case, **rest):
        super().__init__(**rest)
        self.case = case

    def runtest(self):
        verdict = check_case(self.case)
        if BLESSING and verdict != self.case.verdict:
            bless(self.path, self.name, verdict)
        elif not BLESSING:
            compare_verdicts(self.case, verdict)

    def repr_failure(self, excinfo):
        if isinstance(excinfo.value, Mismatch | ParseError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, self.case.line - 1, self.name
