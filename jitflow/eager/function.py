"""`jf.function`: `jit` for code that works on tensors. A call is one operation on a tape.

Inside, arrays are tensors with traced values: tapes, variables and optimizers work as outside.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitflow import api
from jitflow.eager.frame import Frame
from jitflow.eager.native import row_of_arrays, row_of_tensors
from jitflow.eager.tensor import STATE, application_of, as_tensor, given, record
from jitflow.eager.value import Valued
from jitflow.eager.variable import take_all, tensors_of
from jitflow.errors import JitflowError, TraceError, described
from jitflow.recording import Operand
from jitflow.runtime.entry import TRACES, Entry, native_callable
from jitflow.trace.arrays import TracedArray
from jitflow.trace.pytree import TreeDef, flatten, map_tree
from jitflow.trace.source import fail

_STATE = "jitflow_state"
"""The keyword for the values of variables, which the user's function does not know."""


_MOST_TRIED = 256
"""Kinds of calls that are looked at: whether they can be native."""


class _NewVariables(Exception):
    """Ends a trace that met variables which are not among its arguments, or made some."""

    def __init__(self, met: Sequence[Any], made: list[Any]) -> None:
        super().__init__(met, made)
        self.met = met
        self.made = made


@functools.partial(native_callable, is_method=False)
class Function:
    """A jitted function of tensors, graph nodes or arrays. It may read and assign variables.

    Variables are arguments that it finds out by itself, at the price of one more trace.
    """

    def __init__(self, call: Callable[..., Any], **options: Any) -> None:
        functools.update_wrapper(self, call)
        self.__name__ = getattr(call, "__name__", "function").strip("<>")
        self._call = call
        self._options = options
        self._variables: tuple[Any, ...] = ()
        self._entry = Entry(self)
        self._tried: set[Any] = set()
        self._method: tuple[Function, Any] | None = None
        """The function of a class that this is, and of which object."""

        def traced(*args: Any, **kwargs: Any) -> Any:
            return self._traced(*args, **kwargs)

        functools.update_wrapper(traced, call)
        traced.__signature__ = _with_state(call)  # type: ignore[attr-defined]
        self.jitted = api.jit(traced, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, tree = flatten((args, kwargs))
        operand = next((x for x in leaves if isinstance(x, Operand)), None)
        is_alone = TRACES.value == 0 and STATE.frame is None and not STATE.tapes
        if is_alone:
            self._entry.count_call()
        result = self._run(operand, args, kwargs)
        if is_alone:
            self._learn(operand, args, kwargs, leaves, tree)
        return result

    def _run(self, operand: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The call in Python; traced once more where it meets new variables."""
        made: list[Any] = []
        while True:
            try:
                if operand is None and not self._variables:
                    return self.jitted(*args, **kwargs)
                return self._on_tensors(operand, args, kwargs)
            except _NewVariables as found:
                if made and found.made:
                    problem = f"{self.__name__} makes variables again each time it is traced"
                    cure = "make them outside, or keep them from the first call on"
                    fail(TraceError, problem, cure=cure)
                made = found.made
                with self._entry.lock:  # the places of those that are known stay
                    self._entry.clear()
                    self._tried.clear()
                    self._variables += tuple(x for x in found.met if x not in self._variables)

    def _learn(
        self, operand: Any, args: tuple[Any, ...], kwargs: dict[str, Any], leaves: Sequence[Any],
        tree: TreeDef,
    ) -> None:
        """Leaves further calls like this one to the native entry, if it can take them."""
        if self._entry.is_full or len(self._tried) > _MOST_TRIED:
            return
        has_static = self.jitted.static != (None, None)
        call = tree.exact, *[_kind(x, has_static) for x in leaves]
        if call in self._tried:
            return
        variables = self._variables
        if operand is None and not variables:
            row = row_of_arrays(self.jitted, args, kwargs)
        else:
            full = {**kwargs, _STATE: list(variables)}
            application = application_of(self.__name__, self.jitted, args, full)
            row = row_of_tensors(self.__name__, application, args, kwargs, _STATE, variables)
        with self._entry.lock:
            if variables is self._variables:  # others have come where they are not
                if row is not None:
                    self._entry.add(row)
                self._tried.add(call)  # not before: an interrupted call is looked at again

    def _on_tensors(self, operand: Any, args: Any, kwargs: Any) -> Any:
        """The call as an operation; once more where another thread has set what it sets."""
        variables = self._variables
        do = record if operand is None else operand._record
        while True:
            before = tensors_of(variables)
            result, changes = do(self.__name__, self.jitted, args, {**kwargs, _STATE: before})
            places = [int(place) for place in changes]
            found = [variables[k] for k in places], [before[k]._value for k in places]
            if take_all(*found, [tensor._value for tensor in changes.values()]):
                return result

    def _traced(self, *args: Any, **kwargs: Any) -> Any:
        """The user's function on traced values; with the new values of variables, if any came."""
        values = kwargs.pop(_STATE, None)
        frame = Frame(self._variables[: len(values or ())], values or ())
        if values is not None:
            args, kwargs = map_tree(_as_tensor, (args, kwargs))
        with frame.entered():
            try:
                result = map_tree(_read, self._call(*args, **kwargs))
            except JitflowError:  # of a variable's numbers, which are to be traced values
                if not frame.missing:
                    raise
        if frame.missing:
            raise _NewVariables(frame.missing, frame.made)
        return result if values is None else (result, frame.changes)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """The function of one object, made once: what it reads of the object belongs to it.

        Copies of the object, which have what it has, make their own.
        """
        if instance is None:
            return self
        if not hasattr(instance, "__dict__"):
            problem = f"{described(instance)} has no place for the code of its methods"
            fail(TraceError, problem, cure="add '__dict__' to its __slots__")
        place = f"{self.__name__} {id(self):x}"
        bound = vars(instance).get(place)
        if bound is None or bound._method[0] is not self or bound._method[1] is not instance:
            bound = Function(self._call.__get__(instance, owner), **_without_self(self._options))
            bound._method = self, instance
            vars(instance)[place] = bound
        return bound

    def __reduce__(self) -> Any:
        """Pickled by name, as the function that it wraps; a method as its object's."""
        if self._method is None:
            return self.__qualname__  # type: ignore[attr-defined]
        return getattr, (self._method[1], self.__name__)


def function(call: Callable[..., Any] | None = None, **options: Any) -> Any:
    """`jit` under another name, for functions of tensors; options as there.

    The function is traced: Python runs once for each signature, and once more where it meets new
    variables. These it may read and assign; other Python state it reads while it is traced.
    """
    return functools.partial(function, **options) if call is None else Function(call, **options)


def _kind(x: Any, has_static: bool) -> Any:
    """Equal for leaves of calls alike; objects, which may be static, are asked for nothing."""
    if isinstance(x, (np.ndarray, np.generic, Operand)):
        return type(x), x.shape, x.dtype
    return (type(x), x) if has_static else type(x)


def _as_tensor(x: Any) -> Any:
    """Arrays as tensors; Python numbers keep taking the dtype of what stands beside them."""
    return given(x) if type(x) is TracedArray and not x.weak else x


def _read(x: Any) -> Any:
    """A variable as the tensor that it has come to."""
    return as_tensor(x) if isinstance(x, Valued) else x


def _with_state(call: Callable[..., Any]) -> inspect.Signature:
    """The function's signature, and the keyword for variables."""
    signature = inspect.signature(call)
    parameters = list(signature.parameters.values())
    place = len(parameters)
    if parameters and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD:
        place -= 1
    state = inspect.Parameter(_STATE, inspect.Parameter.KEYWORD_ONLY, default=None)
    return signature.replace(parameters=[*parameters[:place], state, *parameters[place:]])


def _without_self(options: dict[str, Any]) -> dict[str, Any]:
    """The options for a bound method: positions count from the argument behind `self`."""
    return {
        key: tuple(n - 1 if n > 0 else n for n in np.atleast_1d(x) if n != 0)
        if key.endswith("argnums") and x is not None else x
        for key, x in options.items()
    }
