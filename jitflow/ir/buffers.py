"""What buffers at level 3 show of memory."""

from __future__ import annotations

from jitflow.ir.core import Value


def base_of(buffer: Value) -> Value:
    """The buffer that a chain of views shows."""
    while buffer.op is not None and buffer.op.row.name == "view":
        buffer = buffer.op.operands[0]
    return buffer
