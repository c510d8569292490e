"""Loop IR to LLVM text, one op at a time. No optimisation decisions here: codegen is boring."""

from jitflow.codegen.functions import called_rows
from jitflow.codegen.module import emit_llvm, emit_row_function

__all__ = ["called_rows", "emit_llvm", "emit_row_function"]
