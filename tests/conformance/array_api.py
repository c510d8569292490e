"""An array API namespace in which every function, method and operator is `jitflow.numpy` under jit.

Each call is traced and compiled with its arrays as arguments and everything else as constants.
What is NumPy's own: the data of `asarray` on its way in, and single elements on their way out
(`x[2, 3]`, `float(x)`), which is how a test looks at a result. Knows no test.
"""

from __future__ import annotations

import inspect
import operator
import sys
from types import SimpleNamespace

import numpy as np

import jitflow as jf
import jitflow.numpy as jnp

__array_api_version__ = "2024.12"
__version__ = jf.__version__

DTYPES = (
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float32", "float64", "complex64", "complex128",
)  # fmt: skip
globals().update({name: np.dtype(name) for name in DTYPES})
bool = np.dtype("bool")
e, inf, nan, newaxis, pi = np.e, np.inf, np.nan, None, np.pi


class Array:
    """A concrete array; what is computed with it is computed by jitted code."""

    def __init__(self, data):
        self._data = np.asarray(data)

    dtype = property(lambda self: self._data.dtype)
    shape = property(lambda self: self._data.shape)
    ndim = property(lambda self: self._data.ndim)
    size = property(lambda self: self._data.size)
    device = property(lambda self: self._data.device)
    T = property(lambda self: jitted(getattr, self, "T"))
    mT = property(lambda self: jitted(getattr, self, "mT"))

    def __array_namespace__(self, *, api_version=None):
        return _namespace()

    def to_device(self, device, /, *, stream=None):
        return Array(self._data.to_device(device, stream=stream))

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        options = {"stream": stream, "max_version": max_version, "dl_device": dl_device}
        return self._data.__dlpack__(**options, copy=copy)

    def __dlpack_device__(self):
        return self._data.__dlpack_device__()

    def __getitem__(self, key, /):
        if _is_element(self, key):
            return Array(self._data[key])
        return jitted(operator.getitem, self, key)

    def __setitem__(self, key, value, /):
        self._data = jitted(_written, self, key, value)._data

    def __bool__(self):
        return self._data.__bool__()

    def __complex__(self):
        return self._data.__complex__()

    def __float__(self):
        return self._data.__float__()

    def __index__(self):
        return self._data.__index__()

    def __int__(self):
        return self._data.__int__()

    def __repr__(self):
        return f"Array({self._data!r})"


def _is_element(x, key):
    keys = key if isinstance(key, tuple) else (key,)
    return len(keys) == x.ndim and all_of(keys, int)


def all_of(values, kind):
    """Whether each value is of exactly this type."""
    return {type(value) for value in values} <= {kind}


def _written(x, key, value):
    x = x.copy()
    x[key] = value
    return x


def jitted(function, *args, **kwargs):
    """The function's result on these arguments, from code compiled for them."""
    arrays = []
    template = _take_apart((args, kwargs), arrays)
    key = function, repr(template)
    if key not in _COMPILED:
        _COMPILED[key] = jf.jit(_with_holes(function, template))
    return _wrap(_COMPILED[key](*arrays))


_COMPILED = {}


def _with_holes(function, template):
    """The function of the arrays alone."""

    def call(*arrays):
        args, kwargs = _put_together(template, iter(arrays))
        return function(*args, **kwargs)

    return call


class _Hole:
    """Where an array stood."""

    def __repr__(self):
        return "<array>"


HOLE = _Hole()


def _take_apart(x, arrays):
    """The arguments with their arrays, which go to the list, replaced by HOLE."""
    if isinstance(x, Array):
        arrays.append(x._data)
        return HOLE
    if isinstance(x, (list, tuple)):
        return type(x)(_take_apart(y, arrays) for y in x)
    return {n: _take_apart(y, arrays) for n, y in x.items()} if isinstance(x, dict) else x


def _put_together(x, arrays):
    if x is HOLE:
        return next(arrays)
    if isinstance(x, (list, tuple)):
        return type(x)(_put_together(y, arrays) for y in x)
    return {n: _put_together(y, arrays) for n, y in x.items()} if isinstance(x, dict) else x


def _wrap(x):
    if isinstance(x, (np.ndarray, np.generic)):
        return Array(x)
    if isinstance(x, (list, tuple)):
        parts = map(_wrap, x)
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    return x


# Functions that say something about arrays in place of computing one: the answer is taken out of
# the trace by the side.
ABOUT = {"broadcast_shapes", "can_cast", "iinfo", "isdtype", "result_type"}


def _about(function, *args, **kwargs):
    arrays, answers = [], []
    template = _take_apart((args, kwargs), arrays)
    call = _with_holes(function, template)
    jf.jit(lambda *traced: answers.append(call(*traced))).trace(*arrays)
    return answers[0]


def _entry(function, name):
    """The function on Arrays, with the signature of NumPy's."""
    run = _about if name in ABOUT else jitted

    def entry(*args, **kwargs):
        return run(function, *args, **kwargs)

    entry.__name__ = entry.__qualname__ = name
    try:
        entry.__signature__ = inspect.signature(function)
    except ValueError:  # a builtin that does not say what it takes
        return entry
    return entry


# What the standard spells otherwise than NumPy.


def clip(x, /, min=None, max=None):
    return jitted(jnp.clip, x, min, max)


def sort(x, /, *, axis=-1, descending=False, stable=True):
    return jitted(_sorted, x, axis, descending)


def _sorted(x, axis, descending):
    x = jnp.sort(x, axis=axis, stable=True)
    return jnp.flip(x, axis=axis) if descending else x


def argsort(x, /, *, axis=-1, descending=False, stable=True):
    return jitted(_order, x, axis, descending)


def _order(x, axis, descending):
    if not descending:
        return jnp.argsort(x, axis=axis, stable=True)
    order = jnp.argsort(jnp.flip(x, axis=axis), axis=axis, stable=True)
    return x.shape[axis] - 1 - jnp.flip(order, axis=axis)


def meshgrid(*arrays, indexing="xy"):
    return list(jitted(jnp.meshgrid, *arrays, indexing=indexing))


def broadcast_arrays(*arrays):
    return list(jitted(jnp.broadcast_arrays, *arrays))


def finfo(type, /):
    """NumPy's facts, as Python's numbers."""
    facts = _about(jnp.finfo, type._data.dtype if isinstance(type, Array) else type)
    names = "eps", "max", "min", "smallest_normal"
    return SimpleNamespace(
        bits=facts.bits, dtype=facts.dtype, **{n: float(getattr(facts, n)) for n in names}
    )


def asarray(obj, /, *, dtype=None, device=None, copy=None):
    """Data of lists and numbers comes in as NumPy reads it; what is an Array is copied by code."""
    if isinstance(obj, Array) and not copy and dtype in (None, obj.dtype):
        return obj
    if not isinstance(obj, Array):
        return Array(np.asarray(_plain(obj), dtype=dtype, device=device))
    return jitted(jnp.asarray, obj, dtype=dtype, copy=True)


def _plain(x):
    if isinstance(x, (list, tuple)):
        return [_plain(y) for y in x]
    return x._data if isinstance(x, Array) else x


def from_dlpack(x, /, *, device=None, copy=None):
    """Data of another library, as NumPy reads it."""
    return Array(np.from_dlpack(x, device=device, copy=copy))


def __array_namespace_info__():  # noqa: N807
    return _Info()


class _Info(type(np.__array_namespace_info__())):
    """NumPy's facts about devices and dtypes; no shape depends on data."""

    def capabilities(self):
        facts = super().capabilities()
        return facts | {"boolean indexing": False, "data-dependent shapes": False}


def _operators():
    """Operators, their reflected forms and those that write, in place of NumPy's."""
    two = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()
    for name in two:
        operation = getattr(operator, f"__{name}__")
        yield f"__{name}__", lambda x, y, /, f=operation: jitted(f, x, y)
        yield f"__r{name}__", lambda x, y, /, f=operation: jitted(f, y, x)
        writes = getattr(operator, f"__i{name}__")
        yield f"__i{name}__", lambda x, y, /, f=writes: x._become(jitted(_in_place, f, x, y))
    for name in "eq ne lt le gt ge".split():
        operation = getattr(operator, f"__{name}__")
        yield f"__{name}__", lambda x, y, /, f=operation: jitted(f, x, y)
    for name in "abs invert neg pos".split():
        operation = getattr(operator, f"__{name}__")
        yield f"__{name}__", lambda x, /, f=operation: jitted(f, x)


def _in_place(operation, x, y):
    x = x.copy()
    return operation(x, y)


def _become(x, result):
    x._data = result._data
    return x


Array._become = _become
for _name, _method in _operators():
    _method.__name__ = _name
    setattr(Array, _name, _method)


class _Names:
    """The names that a module of jitflow has, each jitted; others are missing."""

    def __init__(self, module, name):
        self._module = module
        self.__name__ = name

    def __getattr__(self, name):
        found = getattr(self._module, name)
        return _entry(found, name) if callable(found) else found


def _namespace():
    return sys.modules[__name__]


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    found = getattr(jnp, name)
    if inspect.ismodule(found):
        found = _Names(found, f"{__name__}.{name}")
    elif callable(found):
        found = _entry(found, name)
    globals()[name] = found
    return found
