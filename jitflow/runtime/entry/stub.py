"""The stub's LLVM text: one function for all signatures of all functions, which reads tables.

It finds the first row whose guards the arguments pass, makes the outputs, calls the body, and puts
the results together; where no row fits, it calls Python. No process address is in it: functions of
CPython are imported symbols, those of NumPy come from the table of the process.

Arguments are borrowed from the caller. What lies within containers is owned while the call lasts,
as other threads may change them.
"""

from __future__ import annotations

from functools import cache

from jitflow.runtime.entry.imports import IMPORTS, stub_symbol
from jitflow.runtime.entry.stub_arguments import arrays, guards, search
from jitflow.runtime.entry.stub_donation import donors, late
from jitflow.runtime.entry.stub_outputs import array
from jitflow.runtime.entry.stub_results import leave, made, results, run
from jitflow.runtime.entry.stub_stores import give_back, stores, take
from jitflow.runtime.entry.stub_values import containers, numbers, values
from jitflow.runtime.entry.text import drop


@cache
def stub_text(state_offset: int) -> str:
    """LLVM text of the stub; `state_offset` is where a function's object points to its state."""
    declared = []
    for name, type in IMPORTS.items():
        result, _, params = type.partition(" ")
        declared.append(f"declare {result} @{name}{params} nounwind")
    declared.append("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
    asked = (search(state_offset, stub_symbol(state_offset)), guards(), arrays())
    values_of = (numbers(), values(), containers())
    outputs = (run(), take(), donors(), late(), results(), made(), stores())
    parts = (*asked, *values_of, *outputs, leave(), give_back())
    return "\n".join([*declared, drop(), array(), *parts, "}", ""])
