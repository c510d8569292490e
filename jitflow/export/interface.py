"""What C code sees of an archive: parameters by name, constants, the state that it starts with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from jitflow.codegen import Given
from jitflow.errors import explain
from jitflow.export.archive import Archive
from jitflow.export.errors import ExportError
from jitflow.export.header import Parameter, distinct
from jitflow.export.trees import count, paths
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import as_dtype

MOST_DATA = 256 << 20
"""Bytes of constants in an object: their text, which LLVM reads, has three times as many."""


class Interface(NamedTuple):
    """title: the function as one line. given: what code generation is told of each buffer.

    constants: what C code sees of `data`, which is in the object by symbol.
    """

    title: str
    parameters: tuple[Parameter, ...]
    given: tuple[Given, ...]
    constants: tuple[Parameter, ...]
    data: dict[str, Dense]


def interface(name: str, archive: Archive) -> Interface:
    """How a C function of that name takes what the archive's function does."""
    _require_small(archive)
    function = archive.function
    leaves = count(archive.arguments)
    values = [*function.params[:leaves], *function.results]
    inputs = _inputs(archive)
    roots = [*inputs, *_results(archive)]
    names = distinct(roots, ["workspace", name])
    parameters = tuple([
        _parameter(c_name, path, value.type, place >= leaves)
        for place, (c_name, path, value) in enumerate(zip(names, roots, values, strict=True))
    ])
    taken = [Given(number=p.dtype if p.by_value else None) for p in parameters]
    given = [*taken[:leaves], *[Given(data=Dense(x)) for x in archive.constants], *taken[leaves:]]
    listed = ", ".join(f"{path}: {v.type}" for path, v in zip(inputs, values, strict=False))
    title = f"{function.name}({listed}) -> {', '.join(str(v.type) for v in function.results)}"
    return Interface(title, parameters, tuple(given), *_initial(name, archive))


def replaced(archive: Archive) -> Iterator[tuple[int, int]]:
    """Results and arguments, by number, of which the one takes the place of the other.

    That is so of donated arguments, as in calls, and of a program's state.
    """
    leaves = count(archive.arguments)
    types = [v.type for v in archive.function.params[:leaves]]
    free: list[Any] = [v.type for v in archive.function.results]
    if archive.program is not None:
        news, olds = _results(archive), _inputs(archive)
        pairs = [(news.index(f"new{old}"), k) for k, old in enumerate(olds) if f"new{old}" in news]
        yield from [(result, k) for result, k in pairs if free[result] == types[k]]
        return
    for k in _donated(archive):
        if types[k] in free:
            result = free.index(types[k])
            free[result] = None
            yield result, k


def _donated(archive: Archive) -> list[int]:
    """The numbers of the donated leaves."""
    spec, keywords = archive.arguments, []
    if archive.has_keywords:
        spec, keywords = archive.arguments["tuple"]
        keywords = keywords["dict"]
    parts = [*enumerate(spec["tuple"]), *keywords]
    found: list[int] = []
    start = 0
    for place, part in parts:
        size = count(part)
        found += range(start, start + size) if place in archive.donated else ()
        start += size
    return found


def _require_small(archive: Archive) -> None:
    values = () if archive.program is None else archive.program.values
    size = sum(x.nbytes for x in (*archive.constants, *values))
    if size > MOST_DATA:
        raise ExportError(explain(
            f"arrays from outside have {size} bytes, an object takes {MOST_DATA}",
            op=archive.function.name, cure="pass them as arguments",
        ))  # fmt: skip


def _parameter(name: str, path: str, type: Any, is_result: bool) -> Parameter:
    if not all(isinstance(n, int) for n in type.shape):
        problem = f"{path} is {type}: an object is for arrays of known shape"
        raise ExportError(explain(problem, cure="give sizes as numbers"))
    by_value = not is_result and not type.shape and type.dtype.kind != "c"
    return Parameter(name, path, type.dtype, tuple(type.shape), is_result, by_value)


def _inputs(archive: Archive) -> list[str]:
    """The path of each argument's leaf."""
    if archive.program is None:
        params = archive.function.params[: count(archive.arguments)]
        return [p.name or f"x{i}" for i, p in enumerate(params)]
    state, *inputs = archive.arguments["tuple"]
    named = zip(inputs, archive.program.inputs, strict=True)
    return [*paths(state, ""), *[path for spec, name in named for path in paths(spec, name)]]


def _results(archive: Archive) -> list[str]:
    """The path of each result."""
    if archive.program is None:
        return paths(archive.results, "out")
    results, changes, printed = archive.results["tuple"]
    return [*paths(results, "out"), *paths(changes, "new"), *paths(printed, "printed")]


def _initial(
    name: str, archive: Archive
) -> tuple[tuple[Parameter, ...], dict[str, Dense]]:
    """The values that a program's state starts with: as the header has them, and as data."""
    if archive.program is None:
        return (), {}
    pairs = archive.program.initial.items()
    roots = [path for key, spec in pairs for path in paths(spec, f"[{key!r}]")]
    names = distinct([f"{name}_initial{root}" for root in roots])
    arrays = archive.program.values
    found = [
        Parameter(c_name, root, as_dtype(x.dtype), x.shape, False)
        for c_name, root, x in zip(names, roots, arrays, strict=True)
    ]
    return tuple(found), {p.name: Dense(x) for p, x in zip(found, arrays, strict=True)}
