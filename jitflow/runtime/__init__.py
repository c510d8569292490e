"""Machine code and its calls: targets, the LLVM engine, executables. Names load with first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jitflow.runtime.compile import compile_body, compile_function
    from jitflow.runtime.executable import Body, Executable
    from jitflow.runtime.machine import host_target
    from jitflow.runtime.target import Target, make_target

__all__ = [
    "Body",
    "Executable",
    "Target",
    "compile_body",
    "compile_function",
    "host_target",
    "make_target",
]

_HOMES = {
    "Body": "executable", "Executable": "executable", "Target": "target",
    "compile_body": "compile", "compile_function": "compile", "host_target": "machine",
    "make_target": "target",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
