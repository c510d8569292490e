"""Loop IR to LLVM text, one op at a time. No optimisation decisions here: codegen is boring."""

from jitflow.codegen.control import HOST_FAILED
from jitflow.codegen.functions import RowFunction, called_rows
from jitflow.codegen.module import emit_llvm, emit_row_function

__all__ = ["HOST_FAILED", "RowFunction", "called_rows", "emit_llvm", "emit_row_function"]
