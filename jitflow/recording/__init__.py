"""What front ends that record operations share: operands, applications, types. Re-exports only."""

from jitflow.recording.application import Application, apply
from jitflow.recording.inference import Type, result_types
from jitflow.recording.literals import as_literal, dtype_of
from jitflow.recording.operand import Operand
from jitflow.recording.printing import printed_line

__all__ = [
    "Application",
    "Operand",
    "Type",
    "apply",
    "as_literal",
    "dtype_of",
    "printed_line",
    "result_types",
]
