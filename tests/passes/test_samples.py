"""Every pass on a small function of every row: valid IR, or an error that says why not."""

import pytest

from jitflow.errors import JitflowError
from jitflow.ir.parser import parse_function
from jitflow.ir.printer import format_function
from jitflow.ir.row import ROWS
from jitflow.passes.manager import PASSES, run_pipeline
from jitflow.passes.pipeline import LOOPS, TENSOR
from tests.support.samples import sample

PIPELINES = [*PASSES, ",".join(TENSOR), ",".join(LOOPS), ",".join(TENSOR + LOOPS)]


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda text: text[:20])
def test_pass_on_a_sample_of_every_row(pipeline):
    for name in ROWS:
        function = parse_function(sample(name))
        try:
            after = run_pipeline(pipeline, function, verify_each=True)
        except JitflowError as error:
            assert "after the pass" not in str(error), name
            continue
        assert parse_function(format_function(after)) == after
