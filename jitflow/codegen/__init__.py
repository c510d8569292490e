"""Loop IR to LLVM text, one op at a time. No optimisation decisions here: codegen is boring."""

from jitflow.codegen.module import emit_llvm

__all__ = ["emit_llvm"]
