"""The tables that say which implementation stands for an operator, method or NumPy function.

`jitflow.numpy` fills them; `TracedArray` asks them. A missing entry raises by name. Knows no
implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from jitflow.errors import TraceError, explain
from jitflow.first_use import FILLERS
from jitflow.trace.source import here

Implementation = Callable[..., Any]


class _Table(dict[Any, Implementation]):
    """Entries that modules of `FILLERS` make: more of these are loaded before one is missing."""

    def find(self, key: Any) -> Implementation | None:
        found = self.get(key)
        return found if found is not None or not _loaded_for(key, self) else self[key]

    def __missing__(self, key: Any) -> Implementation:
        if _loaded_for(key, self):
            return self[key]
        if self is OPERATORS:
            raise TraceError(missing(f"the operator {key}"))
        raise KeyError(key)


OPERATORS = _Table()
"""By the name in Python's `operator` module: `add(x, y)`, `neg(x)`, `matmul`, `getitem`."""

METHODS = _Table()
"""Methods of arrays: `METHODS["sum"](x, axis=0)` stands for `x.sum(axis=0)`."""

PROPERTIES = _Table()
"""Attributes of arrays that are computed: `PROPERTIES["T"](x)`."""

CURES: dict[str, str] = {}
"""What to write instead, by the name of an array's attribute, or of a function: `np.unique`."""

_OUTSIDE = "call it outside @jit, or write it in functions that are traced"

FUNCTIONS = _Table()
"""By NumPy function or ufunc (`np.mean`, `np.add`), or (ufunc, method): `(np.add, "reduce")`."""

STAND_INS: dict[str, Any] = {}
"""By name in NumPy: what the user's code gets instead while a trace is taken once more."""

FOREIGN_UFUNCS: dict[str, Implementation] = {}
"""Ufuncs of other packages, by name, as those cannot be imported here: scipy.special's `erf`."""


def begin_tables() -> None:
    """Loads what most programs need, as a trace begins: threads wait, and once is enough."""
    import_module(FILLERS[0])


def fill_tables() -> None:
    """Has the tables filled, all of them."""
    for module in FILLERS:
        import_module(module)


def _loaded_for(key: Any, *tables: Mapping[Any, Any]) -> bool:
    """Loads module by module until one of the tables has the key; whether one has."""
    for module in FILLERS:
        import_module(module)
        if any([key in table for table in tables]):
            return True
    return False


def of_attribute(name: str) -> tuple[Implementation | None, Implementation | None]:
    """What stands for an attribute of arrays: as a method, and as one that is computed."""
    if name in METHODS or name in PROPERTIES or _loaded_for(name, METHODS, PROPERTIES):
        return METHODS.get(name), PROPERTIES.get(name)
    return None, None


class MissingAttribute(TraceError, AttributeError):
    """An attribute of NumPy's arrays that traced arrays do not have."""


def implements(*functions: Any) -> Callable[[Implementation], Implementation]:
    """Decorator: the function stands for these NumPy functions on traced arrays."""

    def enter(implementation: Implementation) -> Implementation:
        for function in functions:
            FUNCTIONS[function] = implementation
        return implementation

    return enter


def numpy_name(function: Any) -> str:
    """`np.linalg.norm` for the function of that name, `the ufunc erf` for another package's."""
    if isinstance(function, np.ufunc) and getattr(np, function.__name__, None) is not function:
        return f"the ufunc {function.__name__}"
    module = getattr(function, "__module__", None) or "numpy"
    name = getattr(function, "__name__", repr(function))
    return f"{module}.{name}".replace("numpy", "np", 1)


def call_function(function: Any, args: Any, kwargs: Any) -> Any:
    """What `__array_function__` asks for."""
    implementation = FUNCTIONS.find(function)
    if implementation is None:
        name = numpy_name(function)
        raise TraceError(missing(name, CURES.get(name, "")))
    return implementation(*args, **kwargs)


def call_ufunc(ufunc: Any, method: str, inputs: Any, kwargs: Any) -> Any:
    """What `__array_ufunc__` asks for; `out=` and `where=` act on the result."""
    implementation = FUNCTIONS.find(ufunc if method == "__call__" else (ufunc, method))
    if implementation is None:
        name = _call_name(ufunc, method)
        if name == f"the ufunc {ufunc.__name__}":
            implementation = FOREIGN_UFUNCS.get(ufunc.__name__)
        if implementation is None:
            raise TraceError(missing(name))
    if not kwargs:
        return implementation(*inputs)
    out = kwargs.pop("out", None)
    where = True if method == "reduce" else kwargs.pop("where", True)
    result = implementation(*inputs, **kwargs)
    if out is None and where is True:
        return result
    return OPERATORS["out"](_call_name(ufunc, method), result, out, where)


def _call_name(ufunc: Any, method: str) -> str:
    name = numpy_name(ufunc)
    return name if method == "__call__" else f"{name}.{method}"


def missing(name: str, cure: str = "") -> str:
    """The text of an error about something that no entry stands for."""
    return explain(f"{name} is not supported under @jit yet", at=here()[0], cure=cure or _OUTSIDE)
