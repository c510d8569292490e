"""The table of every pass. A new pass is one line here; where it runs is in pipeline.py."""

from __future__ import annotations

from collections.abc import Mapping

from jitflow.passes.canonicalize import canonicalize
from jitflow.passes.cse import cse
from jitflow.passes.dce import dce
from jitflow.passes.fold import fold
from jitflow.passes.inline import inline
from jitflow.passes.linearize import linearize
from jitflow.passes.step import Pass
from jitflow.passes.transpose import transpose

_ALL: tuple[Pass, ...] = (
    Pass(inline, required=True),
    Pass(canonicalize),
    Pass(fold),
    Pass(cse),
    Pass(dce),
    Pass(linearize, required=True),
    Pass(transpose, required=True),
)

PASSES: Mapping[str, Pass] = {rule.name: rule for rule in _ALL}
