"""Methods that pass a call on to a native object that the instance keeps, with no step in Python.

So each instance has rows of its own, and no table has rows of instances that are gone.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import MethodType
from typing import Any, TypeVar

from jitflow.runtime.entry.callable import STATE, addresses, enter, native_callable
from jitflow.runtime.entry.layout import why_not_native
from jitflow.runtime.entry.programs import Words
from jitflow.runtime.stub_text import field, item, word

Function = TypeVar("Function", bound=Callable[..., Any])

_SYMBOL = f"jitflow_entry_method_{STATE}"
_IMPORTS = {
    "PyErr_Clear": "void ()",
    "PyObject_GetAttr": "ptr (ptr, ptr)",
    "PyObject_Vectorcall": "ptr (ptr, ptr, i64, ptr)",
    "Py_DecRef": "void (ptr)",
}
_ATTRIBUTE, _FUNCTION = 0, 1
"""Words of the state of a method."""


@native_callable
class NativeMethod:
    """A function of a class, in front of which an attribute of the instance takes calls.

    It is called with all that the method is called with, the instance first.
    """

    def __init__(self, function: Callable[..., Any], attribute: str) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._attribute = sys.intern(attribute)
        self._state = Words([id(self._attribute), id(function)])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The first call, in Python; from then on emitted code does this."""
        enter(id(self), _forwarder(), self._state)
        taker = getattr(args[0], self._attribute, None) if args else None
        return (taker or self._function)(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)


def native_method(attribute: str) -> Callable[[Function], Function]:
    """Decorates a method: this attribute of the instance takes its calls, the instance first.

    Where no Python is native, the function itself does.
    """

    def decorate(function: Function) -> Function:
        made: Any = function if why_not_native() else NativeMethod(function, attribute)
        return made

    return decorate


@functools.cache
def _forwarder() -> int:
    """The address of what passes calls on."""
    from jitflow.runtime.library import library_address  # noqa: PLC0415

    return library_address(_SYMBOL, _forwarder_text, addresses(_IMPORTS))


def _forwarder_text() -> str:
    """LLVM text: without an instance, or without its attribute, the function takes the call."""
    declared = "\n".join(
        "declare {} @{}{} nounwind".format(type.split(" ", 1)[0], name, type.split(" ", 1)[1])
        for name, type in _IMPORTS.items()
    )
    return f"""{declared}
define ptr @{_SYMBOL}(ptr %self, ptr %args, i64 %flagged, ptr %names) nounwind {{
entry:
  {field("state", "%self", STATE, "ptr")}
  {word("attribute", "%state", _ATTRIBUTE, "ptr")}
  {word("function", "%state", _FUNCTION, "ptr")}
  %positional = and i64 %flagged, {(1 << 63) - 1}
  %is.alone = icmp eq i64 %positional, 0
  br i1 %is.alone, label %direct, label %ask
ask:
  {item("instance", "%args", "0")}
  %found = call ptr @PyObject_GetAttr(ptr %instance, ptr %attribute)
  %is.lost = icmp eq ptr %found, null
  br i1 %is.lost, label %lost, label %pass
pass:
  %answer = call ptr @PyObject_Vectorcall(ptr %found, ptr %args, i64 %flagged, ptr %names)
  call void @Py_DecRef(ptr %found)
  ret ptr %answer
lost:
  call void @PyErr_Clear()
  br label %direct
direct:
  %own = musttail call ptr @PyObject_Vectorcall(ptr %function, ptr %args, i64 %flagged,
      ptr %names)
  ret ptr %own
}}
"""
