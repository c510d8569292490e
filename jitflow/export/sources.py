"""What can be exported, as an archive: functions for arguments, their traces, sessions, models."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from jitflow import api
from jitflow.api import Traced
from jitflow.errors import described, explain
from jitflow.export.archive import Archive, Stated, read
from jitflow.export.errors import ExportError
from jitflow.export.program import Program
from jitflow.export.trees import LEAF, written
from jitflow.ir.builder import OWN_ROWS
from jitflow.ir.core import Function, walk
from jitflow.trace.pytree import flatten


def archive_of(source: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Archive:
    """The archive of what a user exports; ExportError where that is not possible.

    source: a function, a trace of one, what `load` gave, a file, a session or a model.
    """
    if isinstance(source, (str, os.PathLike)):
        _refuse_arguments(args, kwargs, "a file")
        return read(source)
    if isinstance(source, Traced):
        _refuse_arguments(args, kwargs, "a trace")
        return _archived(source)
    archive = source if isinstance(source, Archive) else getattr(source, "archive", None)
    if isinstance(archive, Archive):
        _refuse_arguments(args, kwargs, "an exported function")
        return archive
    if hasattr(type(source), "__jitflow_program__"):
        return _program(source.__jitflow_program__(*args, **kwargs))
    if not callable(source):
        cure = "give a function and its arguments, a trace, a session of a graph, or a model"
        raise ExportError(explain(f"cannot export {described(source)}", cure=cure))
    jitted = source if hasattr(source, "trace") else api.jit(source)
    return _archived(jitted.trace(*args, **kwargs))


def plain_archive(function: Function) -> Archive:
    """The archive of a function that came as text: it takes arrays, and gives arrays."""
    _require_own(function)
    arguments, results = (
        {"tuple": [LEAF] * len(values)} for values in (function.params, function.results)
    )
    return Archive(function, (), arguments, results)


def _refuse_arguments(args: tuple[Any, ...], kwargs: dict[str, Any], what: str) -> None:
    if args or kwargs:
        raise ExportError(f"{what} has its arguments already; {len(args) + len(kwargs)} more given")


def _archived(traced: Traced) -> Archive:
    _require_own(traced.graph)
    constants = tuple(np.array(x, order="C") for x in traced.captured_arrays)
    call = traced.call
    arguments, results = written(call.tree), written(traced.result_tree)
    return Archive(
        traced.graph, constants, arguments, results, call.has_keywords, traced.donated_arguments
    )


def _require_own(graph: Function) -> None:
    """ExportError for ops whose meaning only Python code knows."""
    for op in walk(graph.body):
        if OWN_ROWS.get(op.row.name) is not op.row:
            at = op.locations[0] if op.locations else None
            cure = "write it with jitflow's own functions, or call it outside of what is exported"
            problem = "ops and callbacks that are not jitflow's own cannot be exported"
            raise ExportError(explain(problem, op=op.row.name, at=at, cure=cure))


def _program(program: Program) -> Archive:
    def function(state: Any, *inputs: Any) -> Any:
        return program.function(state, *inputs)

    function.__name__ = program.name
    traced = api.jit(function).trace(dict(program.state), *program.inputs.values())
    initial = {name: flatten(value) for name, value in program.initial.items()}
    stated = Stated(
        {name: written(tree) for name, (_, tree) in initial.items()},
        tuple([np.array(x, order="C") for leaves, _ in initial.values() for x in leaves]),
        tuple(program.inputs),
        program.prints(),
    )
    return _archived(traced)._replace(program=stated)
