"""Functions in one file that runs without the Python code that made them, and in C objects.

    export.save("step.jfx", step, params, state, x)
    step = export.load("step.jfx")
    export.build("norm", norm, x, target="aarch64-linux-gnu")   # norm.o and norm.h

Re-exports only; names load when they are first asked for.
"""

from typing import TYPE_CHECKING

from jitflow.first_use import loader

if TYPE_CHECKING:
    from jitflow.export.errors import ExportError
    from jitflow.export.function import Exported, ExportedProgram, load, save
    from jitflow.export.objects import Built, build
    from jitflow.export.program import Program

__all__ = [
    "Built", "ExportError", "Exported", "ExportedProgram", "Program", "build", "load", "save",
]  # fmt: skip

__getattr__ = loader(__name__, {
    "objects": ("Built", "build"),
    "errors": ("ExportError",),
    "function": ("Exported", "ExportedProgram", "load", "save"),
    "program": ("Program",),
})  # fmt: skip
