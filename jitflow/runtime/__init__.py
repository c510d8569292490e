"""Machine code and its calls: targets, the LLVM engine, executables."""

from jitflow.runtime.compile import compile_body, compile_function
from jitflow.runtime.engine import engine
from jitflow.runtime.executable import Body, Executable
from jitflow.runtime.symbols import LinkError
from jitflow.runtime.target import Target, host_target, make_target

__all__ = [
    "Body",
    "Executable",
    "LinkError",
    "Target",
    "compile_body",
    "compile_function",
    "engine",
    "host_target",
    "make_target",
]
