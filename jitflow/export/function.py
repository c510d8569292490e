"""Saving functions as they were traced, and calling what was loaded.

What is loaded is traced into a function of its own, so that calls are as any jitted function's.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from functools import partial
from operator import itemgetter
from typing import Any, NoReturn

import numpy as np

from jitflow import api
from jitflow.errors import TraceError
from jitflow.export.archive import Archive, Stated, read, state_names, write
from jitflow.export.sources import archive_of
from jitflow.export.trees import builder, same, text, written
from jitflow.forks import forked_lock
from jitflow.recording import printed_line
from jitflow.trace.arrays import TracedArray
from jitflow.trace.emit import wrap
from jitflow.trace.lift import lift
from jitflow.trace.pytree import flatten, unflatten
from jitflow.trace.source import fail
from jitflow.trace.staging import adopt


def save(path: str | os.PathLike[str], source: Any, *args: Any, **kwargs: Any) -> None:
    """Writes a function for arguments of these types to one file.

    source: a function, jitted or not, its arguments behind it; a trace; a session, with fetches
    and feeds behind it; a model, with inputs behind it, and true values for a step of training.
    Arguments may be specs. Static ones become part of the function.

    Arrays from outside become constants, with what they hold now. Raises ExportError for ops that
    are not jitflow's own, and for classes in results that only Python code can build.
    """
    write(path, archive_of(source, args, kwargs))


def load(path: str | os.PathLike[str]) -> Exported:
    """The function in a file, ready to be called; ExportError where there is none.

    What was a session or a model comes as an `ExportedProgram`, which keeps its state.
    """
    archive = read(path)
    kind = Exported if archive.program is None else ExportedProgram
    return kind(archive, os.fspath(path))


class Exported:
    """A function from a file. It takes arguments of the types that it was saved for."""

    def __init__(self, archive: Archive, path: str) -> None:
        self.archive = archive
        self.path = path
        self.__name__ = archive.function.name
        self._build = builder(archive.results)
        numbers = [one for one in archive.donated if isinstance(one, int)]
        names = [one for one in archive.donated if isinstance(one, str)]
        self.jitted = api.jit(self._call, donate_argnums=numbers, donate_argnames=names)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.jitted(*args, **kwargs)

    def _call(self, *args: Any, **kwargs: Any) -> Any:
        leaves, tree = flatten((args, kwargs) if kwargs else args)
        given, wanted = written(tree), self.archive.arguments
        if bool(kwargs) != self.archive.has_keywords or not same(given, wanted):
            fail(TraceError, f"it takes {text(wanted)}, not {text(given)}", op=self.__name__)
        params = self.archive.function.params[: len(leaves)]
        values = [self._fitted(leaf, p) for leaf, p in zip(leaves, params, strict=True)]
        values += [lift(x).value for x in self.archive.constants]
        results = adopt(self.archive.function, values)
        return self._build(iter([wrap(value) for value in results]))

    def _fitted(self, leaf: Any, param: Any) -> Any:
        """The leaf as the parameter is; a Python number becomes a float or complex number."""
        x = lift(leaf)
        if x.weak and not param.type.shape and _widens(x, param.type.dtype):
            x = x.astype(param.type.dtype.numpy)
        if x.type != param.type:
            fail(TraceError, f"%{param.name} is {param.type}, not {x.type}", op=self.__name__)
        return x.value

    def trace(self, *args: Any, **kwargs: Any) -> api.Traced:
        """The graph, as of any jitted function."""
        return self.jitted.trace(*args, **kwargs)

    def lower(self, *args: Any, **kwargs: Any) -> api.Lowered:
        """The IR, as of any jitted function."""
        return self.jitted.lower(*args, **kwargs)

    def __reduce__(self) -> NoReturn:
        cure = f"load it where it is needed: load({self.path!r})"
        fail(TraceError, f"{self!r} cannot be pickled", cure=cure)

    def __copy__(self) -> Exported:
        """Another one, with a state of its own where it keeps one."""
        return type(self)(self.archive, self.path)

    def __deepcopy__(self, memo: Any) -> Exported:
        return copy.copy(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.__name__} from {self.path}>"


def _widens(x: TracedArray, dtype: Any) -> bool:
    order = "biufc"
    wanted = "f" if dtype.is_float else dtype.kind
    return wanted in "fc" and order.index(x.type.dtype.kind) <= order.index(wanted)


class ExportedProgram(Exported):
    """A function from a file that keeps its state: variables of a session, numbers of a model.

    `state` holds it by name; it may be read and set. A call that fails changes nothing of it;
    calls from several threads come one after the other.
    """

    def __init__(self, archive: Archive, path: str) -> None:
        super().__init__(archive, path)
        assert archive.program is not None
        self.program: Stated = archive.program
        values = iter([x.copy() if x.ndim else x[()] for x in self.program.values])
        self._names = state_names(archive)
        params = archive.function.params[: len(archive.function.params) - len(archive.constants)]
        self._taken = [param.type.dtype.numpy for param in params]
        self._lock = forked_lock()
        self.state: dict[str, Any] = {}
        for name, spec in self.program.initial.items():
            self.state[name] = builder(spec)(values)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The results for inputs in order, by keyword, or in one dict by name."""
        with self._lock:
            results, changes = self.run(self.state, *args, **kwargs)
            self.state.update(changes)
        return results

    def __copy__(self) -> ExportedProgram:
        made = type(self)(self.archive, self.path)
        with self._lock:
            made.state = copy.deepcopy(self.state)
        return made

    def run(self, state: Mapping[str, Any], *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Results, and what is new of a state that is given; `self.state` stays as it is."""
        inputs = self._inputs(args, kwargs)
        try:
            kept = {name: state[name] for name in self._names}
        except KeyError as missing:
            (name,) = missing.args
            fail(TraceError, f"there is no value for {name!r}", op=self.__name__,
                 cure=f"set state[{name!r}]")  # fmt: skip
        results, changes, printed = self.jitted(kept, *inputs)
        for (message, most), values in zip(self.program.prints, printed, strict=True):
            print(printed_line(message, values, most))
        return results, changes

    def _inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        names = self.program.inputs
        if len(args) == 1 and isinstance(args[0], dict) and not kwargs:
            kwargs, args = args[0], args[1:]
        if not args and kwargs.keys() == set(names):
            args, kwargs = tuple([kwargs[name] for name in names]), {}
        is_plain = len(args) == len(names) and not kwargs
        if is_plain and not any(isinstance(x, (tuple, dict)) for x in args):
            return list(map(_converted, args, self._dtypes(len(args))))
        given = dict(zip(names, args, strict=False)) | kwargs
        both = len(args) + len(kwargs) != len(given)
        if both or given.keys() != set(names):
            problem = f"it takes {', '.join(names) or 'no inputs'}"
            found = ", ".join(map(str, [*names[: len(args)], *kwargs])) or "none"
            found = f"{len(args)} in order" if len(args) > len(names) else found
            fail(TraceError, f"{problem}; given: {found}", op=self.__name__)
        parts = [_parts(given[name]) for name in names]
        dtypes = iter(self._dtypes(sum(len(leaves) for leaves, _ in parts)))
        return [
            build([_converted(x, dtype) for x, dtype in zip(leaves, dtypes, strict=False)])
            for leaves, build in parts
        ]

    def _dtypes(self, count: int) -> list[Any]:
        """Of so many arrays that the inputs are; they stand behind the state."""
        return self._taken[-count:] if count else []


def _parts(x: Any) -> tuple[list[Any], Any]:
    """The arrays of an input, and what puts them together again; a list is one array."""
    if not isinstance(x, (tuple, dict)):
        return [x], itemgetter(0)
    leaves, tree = flatten(x)
    return leaves, partial(unflatten, tree)


def _converted(x: Any, dtype: np.dtype[Any]) -> Any:
    """An input as an array of this dtype, where numbers of its kind are of one kind."""
    if type(x) is np.ndarray and x.dtype == dtype:
        return x
    array = np.asarray(x)
    if array.dtype != dtype and np.can_cast(array.dtype, dtype, "same_kind"):
        return array.astype(dtype)
    return x if isinstance(x, (np.ndarray, np.generic)) else array
