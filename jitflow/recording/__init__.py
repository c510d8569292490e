"""What front ends that record operations share: operands, applications, types. Re-exports only."""

from jitflow.recording.agreement import as_literal
from jitflow.recording.application import Application, apply
from jitflow.recording.inference import Type, result_types
from jitflow.recording.operand import Operand
from jitflow.recording.printing import printed_line

__all__ = [
    "Application",
    "Operand",
    "Type",
    "apply",
    "as_literal",
    "printed_line",
    "result_types",
]
