"""Saving a jitted function as it was traced, and calling what was loaded.

What is loaded is traced into a function of its own, so that calls are as any jitted function's.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from jitflow import api
from jitflow.errors import TraceError
from jitflow.export.archive import Archive, ExportError, read, write
from jitflow.export.trees import builder, text, written
from jitflow.ir.digest import has_own_rows_only
from jitflow.trace.emit import wrap
from jitflow.trace.lift import lift
from jitflow.trace.pytree import flatten
from jitflow.trace.source import fail
from jitflow.trace.staging import adopt


def save(path: str | os.PathLike[str], function: Any, *args: Any) -> None:
    """Writes a jitted function for arguments of these types to one file.

    Arrays from outside become constants, with what they hold now. Gradients and train steps are
    functions like others. Raises ExportError for ops that are not jitflow's own, and for classes
    in results that only Python code can build.
    """
    jitted = function if hasattr(function, "trace") else api.jit(function)
    traced = jitted.trace(*args)
    if not has_own_rows_only(traced.graph):
        raise ExportError(f"{traced.graph.name} has ops or callbacks that are not jitflow's own")
    constants = tuple(np.array(x, order="C") for x in traced.captured_arrays)
    arguments = written(flatten(tuple(args))[1])
    write(path, Archive(traced.graph, constants, arguments, written(traced.result_tree)))


def load(path: str | os.PathLike[str]) -> Exported:
    """The function in a file, ready to be called; ExportError where there is none."""
    return Exported(read(path), os.fspath(path))


class Exported:
    """A function from a file. It takes arguments of the types that it was saved for."""

    def __init__(self, archive: Archive, path: str) -> None:
        self.archive = archive
        self.path = path
        self.__name__ = archive.function.name
        self._build = builder(archive.results)
        self.jitted = api.jit(self._call)

    def __call__(self, *args: Any) -> Any:
        return self.jitted(*args)

    def _call(self, *args: Any) -> Any:
        leaves, tree = flatten(args)
        given = written(tree)
        params = self.archive.function.params[: len(leaves)]
        if text(given) != text(self.archive.arguments):
            problem = f"it takes {text(self.archive.arguments)}, not {text(given)}"
            fail(TraceError, problem, op=self.__name__)
        values = []
        for leaf, param in zip(leaves, params, strict=True):
            x = lift(leaf)
            if x.type != param.type:
                fail(TraceError, f"%{param.name} is {param.type}, not {x.type}", op=self.__name__)
            values.append(x.value)
        values += [lift(x).value for x in self.archive.constants]
        results = adopt(self.archive.function, values)
        return self._build(iter([wrap(value) for value in results]))

    def __repr__(self) -> str:
        return f"<Exported {self.__name__} from {self.path}>"
