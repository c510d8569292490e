"""Functions in one file that runs without the Python code that made them. Re-exports only.

    export.save("step.jfx", step, params, state, x, y)
    step = export.load("step.jfx")
"""

from jitflow.export.archive import ExportError
from jitflow.export.function import Exported, load, save

__all__ = ["ExportError", "Exported", "load", "save"]
