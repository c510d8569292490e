"""Loop IR to LLVM text, one op at a time. No optimisation decisions here: codegen is boring."""

from jitflow.codegen.alone import Given
from jitflow.codegen.baseline import baseline_text, kinds_beside
from jitflow.codegen.functions import called_rows
from jitflow.codegen.module import emit_alone, emit_llvm, emit_row_functions

__all__ = [
    "Given", "baseline_text", "called_rows", "emit_alone", "emit_llvm", "emit_row_functions",
    "kinds_beside",
]  # fmt: skip
