"""Exported functions as object files that C programs link, each with its header.

Owns the names of files and of what C code sees. Code is made as for any function, but for the
machine that is named, on one thread, and with all that it needs within the object.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jitflow.api.machinery import may_overwrite, stands_alone
from jitflow.api.road import Road
from jitflow.errors import LinkError, NoCodeError, explain
from jitflow.export.archive import Archive
from jitflow.export.errors import ExportError
from jitflow.export.header import Parameter, header, require_name
from jitflow.export.interface import interface, replaced
from jitflow.export.sources import archive_of
from jitflow.export.trees import count
from jitflow.files import write_whole
from jitflow.ir.core import Function
from jitflow.ir.nests import walk_all
from jitflow.runtime.named import named_target
from jitflow.runtime.standalone import compile_standalone
from jitflow.runtime.target import Target


class Built(NamedTuple):
    """The files that were written, and what the header says of the function.

    imports: functions of the C library that the object calls. parameters: what the function takes,
    in order; the workspace comes last. lacks: ops that the CPU has no instruction for, which makes
    them slow: `fma`, for one, without which products take up to fifty times as long.
    """

    object: Path
    header: Path
    workspace_bytes: int
    imports: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    lacks: frozenset[str]


def build(
    stem: str | os.PathLike[str], source: Any, *args: Any,
    target: str = "", cpu: str = "", features: str = "",
) -> Built:
    """Writes `stem.o` and `stem.h`: a function for C, called as the last part of `stem`.

    source: what `save` takes, with its arguments; also a file, or what `load` gave. Static and
    keyword arguments come with a trace: `build("norm", norm.trace(x, axis=0))`.
    target: a triple, such as `aarch64-linux-gnu`; this machine's, with all that its CPU has, where
    there is none. cpu, features: LLVM's names, such as `x86-64-v3`, `+avx2,+fma`; without them,
    what every CPU of that architecture has.

    The bits are those of the jitted function, on every machine. Raises ExportError for what runs in
    Python: library work, callbacks; and for constants of more than 256 MiB; ArgumentError for
    machines and names that there are not.
    """
    path = Path(stem)
    name = path.name
    require_name(name)
    archive = archive_of(source, args, {})
    machine = named_target(target, cpu, features)
    seen = interface(name, archive)
    try:
        loops = _loops(archive.function, machine)
        made = compile_standalone(loops, name, seen.given, seen.data, machine)
    except (LinkError, NoCodeError) as error:
        raise ExportError(f"no object of {archive.function.name}: {error}") from None
    parameters = _with_places(seen.parameters, archive, loops)
    text = header(name, seen.title, parameters, seen.constants, made, machine)
    files = path.with_name(f"{name}.o"), path.with_name(f"{name}.h")
    for file, content in zip(files, (made.image, text.encode("ascii")), strict=True):
        try:
            write_whole(str(file), content)
        except OSError as error:
            raise ExportError(f"cannot write {file}: {error.strerror or error}") from None
    return Built(*files, made.workspace_bytes, made.imports, parameters, machine.lacks)


def _loops(graph: Function, machine: Target) -> Function:
    """Loop IR; ExportError where the host is called."""
    function = stands_alone(Road(graph).opt, machine)
    for op in walk_all(function):
        if op.row.name == "host_call":
            at = op.locations[0] if op.locations else None
            problem = "runs in Python: an object for C cannot have it"
            cure = "leave it to the caller, or export.save the function and load it in Python"
            raise ExportError(explain(problem, op=op.attrs["callee"], at=at, cure=cure))
    return function


def _with_places(
    parameters: Sequence[Parameter], archive: Archive, loops: Function
) -> tuple[Parameter, ...]:
    """The parameters with what results may lie over: what was donated, and state that changes."""
    leaves = count(archive.arguments)
    found = list(parameters)
    for result, leaf in replaced(archive):
        if not found[leaf].by_value and may_overwrite(loops, result, leaf):
            found[leaves + result] = found[leaves + result]._replace(over=found[leaf].name)
    return tuple(found)
