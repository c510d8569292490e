"""The stub's LLVM text: one function for all signatures of all functions, which reads tables.

It finds the first row whose guards the arguments pass, makes the outputs, calls the body, and puts
the results together; where no row fits, it calls Python. No process address is in it: functions of
CPython are imported symbols, those of NumPy come from the table of the process.

Arguments are borrowed from the caller. What lies within containers is owned while the call lasts,
as other threads may change them.
"""

from __future__ import annotations

from functools import cache

from jitflow.runtime.entry.stub_arguments import containers, guards, search
from jitflow.runtime.entry.stub_donation import donors, late
from jitflow.runtime.entry.stub_results import leave, results, run

SYMBOL = "jitflow_entry"

IMPORTS = {
    "PyDict_GetItemWithError": "ptr (ptr, ptr)",
    "PyDict_New": "ptr ()",
    "PyDict_SetItem": "i32 (ptr, ptr, ptr)",
    "PyDict_Size": "i64 (ptr)",
    "PyErr_Clear": "void ()",
    "PyEval_RestoreThread": "void (ptr)",
    "PyEval_SaveThread": "ptr ()",
    "PyList_GetItem": "ptr (ptr, i64)",
    "PyList_New": "ptr (i64)",
    "PyList_SetItem": "i32 (ptr, i64, ptr)",
    "PyList_Size": "i64 (ptr)",
    "PyLong_AsLongLongAndOverflow": "i64 (ptr, ptr)",
    "PyLong_FromLong": "ptr (i64)",
    "PyObject_CallOneArg": "ptr (ptr, ptr)",
    "PyObject_RichCompareBool": "i32 (ptr, ptr, i32)",
    "PyObject_Vectorcall": "ptr (ptr, ptr, i64, ptr)",
    "PyTuple_GetItem": "ptr (ptr, i64)",
    "PyTuple_New": "ptr (i64)",
    "PyTuple_SetItem": "i32 (ptr, i64, ptr)",
    "PyTuple_Size": "i64 (ptr)",
    "Py_DecRef": "void (ptr)",
    "Py_IncRef": "void (ptr)",
}
"""What the stub calls of CPython's stable API, with types."""


@cache
def stub_text(state_offset: int) -> str:
    """LLVM text of the stub; `state_offset` is where a function's object points to its state."""
    declared = []
    for name, type in IMPORTS.items():
        result, _, params = type.partition(" ")
        declared.append(f"declare {result} @{name}{params} nounwind")
    declared.append("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
    calls = (search(state_offset, SYMBOL), guards(), containers())
    parts = (*calls, run(), donors(), late(), results(), leave())
    return "\n".join([*declared, *parts, "}", ""])
