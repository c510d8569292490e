"""`jit`: functions that compile themselves for each signature that they are called with."""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable, Sequence
from importlib import import_module
from operator import attrgetter
from typing import Any, NamedTuple, overload

import numpy as np

from jitflow.api.arguments import key_and_inputs, leaf_of, refuse_specs
from jitflow.api.bound_method import BoundMethod
from jitflow.api.captured import Captured, describe_captured
from jitflow.api.collector import without_collector
from jitflow.api.donation import Donation
from jitflow.api.native import native_row
from jitflow.api.recent import compile_recent
from jitflow.api.report import CompileReport
from jitflow.api.signature import Call, Signature, refuse_unhashable, static_key
from jitflow.api.stages import Compiled, Donated, Lowered, Traced
from jitflow.errors import TraceError, described
from jitflow.forks import forked_lock
from jitflow.passes.timing import Timing, measure, recorded
from jitflow.runtime.entry import MAX_ROWS, Entry, native_callable
from jitflow.trace import staging
from jitflow.trace.arrays import TracedArray
from jitflow.trace.containers import kind_of
from jitflow.trace.context import STATE
from jitflow.trace.dispatch import begin_tables
from jitflow.trace.lift import WEAK, lift
from jitflow.trace.pytree import unflatten
from jitflow.trace.source import definition, fail
from jitflow.trace.spec import Spec
from jitflow.trace.staging import Leaf, Source
from jitflow.trace.walkers import reader

_GRAPH = attrgetter("function")
_NOTHING_RECENT = None, None, None, False
_VALUES = (np.ndarray, np.generic, TracedArray, Spec, *WEAK)


@functools.cache
def _load_what_calls_need() -> None:
    """With the first jitted function: `import jitflow` is short, and so is the first call."""
    begin_tables()
    import_module("jitflow.runtime.bodies")


class CacheInfo(NamedTuple):
    """Calls that found compiled code, calls that did not, and the number of compiled codes."""

    hits: int
    misses: int
    size: int


@native_callable
class JitFunction:
    """A function that is traced, compiled and cached per signature; `jit` makes it.

    A signature is the structure of the arguments, dtype and shape of each array, the type of each
    Python number, and the values of static arguments. Safe to call from several threads. Where
    `inlines` is set, the function is no `call` in another trace: it runs there as if undecorated;
    and it shares code with others of equal graphs, as transforms are often made anew.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        numbers: Any,
        names: Any,
        inlines: bool = False,
        donated: tuple[Any, Any] = (None, None),
        updates: Sequence[tuple[int, int]] = (),
    ) -> None:
        """updates: results and leaves, by number, that a caller may have in one memory."""
        _load_what_calls_need()
        functools.update_wrapper(self, function)
        self._inlines = inlines
        self._function = function
        self.static = (numbers, names)
        self._signature = Signature(function, numbers, names)
        self._donation = Donation(self._signature, *donated)
        self._updates = updates
        self._name = self._signature.function_name
        self._cache: dict[Any, Compiled] = {}
        self._misses = 0
        self._replaced = 0
        """Calls of what is not there, or no more."""

        self._recent: tuple[Any, Any, Any, bool] = _NOTHING_RECENT
        self._lock = forked_lock()
        self._owners: weakref.WeakSet[type] = weakref.WeakSet()
        self._entry = Entry(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if STATE.context is not None:
            return self._call_in_trace(args, kwargs)
        read, key, compiled, has_keywords = self._recent
        if read is not None and has_keywords is bool(kwargs):
            leaves = read((args, self._signature.ordered(kwargs)) if kwargs else args)
            if leaves is not None:
                found, inputs = key_and_inputs(leaves)
                if found == key:
                    return compiled.run(inputs)
        return self._find(args, kwargs)

    def _find(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call that is not like the one before."""
        call = self._take_apart(args, kwargs)
        donated = self._donation.leaves(call, args, kwargs) if self._donation else ()
        key, inputs, compiled = self._code(call, donated)
        targets: Sequence[Donated] = ()
        if donated:
            self._donation.refuse_shared(call, donated, compiled.captured)
            targets = self._donation.targets(call, donated, compiled)
        is_native = self._make_native(args, kwargs, call, compiled, targets)
        is_for_values = call.static or self._signature.has_static or call.holder is not None
        if not (is_native or is_for_values or self._donation):
            self._recent = reader(call.tree), key, compiled, call.has_keywords
        return compiled.run(inputs, targets)

    def _code(
        self, call: Call, donated: Sequence[int] = ()
    ) -> tuple[Any, list[Any], Compiled]:
        """The key of a call's leaves, the inputs that they are, and the code for them."""
        key, inputs = key_and_inputs(call.leaves)
        try:
            found = (call.tree.exact, call.has_keywords, static_key(call), *key)
            compiled = self._cache.get(found)
        except TypeError:
            refuse_unhashable(call, self._signature)
            raise
        if compiled is None or not compiled.is_for(call):
            refuse_specs(call.leaves)
            compiled = self._compile(found, call, donated)
        return key, inputs, compiled

    def compiled_for(self, *args: Any, **kwargs: Any) -> Compiled:
        """The code that a call with these arguments runs, compiled now where there is none."""
        return self.seen(*args, **kwargs)[0]

    def seen(self, *args: Any, **kwargs: Any) -> tuple[Compiled, frozenset[int | str]]:
        """The same, and which of these arguments are static, by position or name."""
        call = self._take_apart(args, kwargs)
        return self._code(call)[2], frozenset([place for place, _ in call.static])

    @property
    def donates(self) -> bool:
        """Whether it may write over arguments."""
        return bool(self._donation)

    def _make_native(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        call: Call,
        compiled: Compiled,
        donated: Sequence[Donated],
    ) -> bool:
        """Leaves further calls like this one to the stub, if it can take them."""
        if self._entry.is_full:
            return False
        static = {place for place, _ in call.static}
        row = native_row(args, kwargs, static, compiled, donated)
        return row is not None and self._entry.add(row)

    def _compile(self, key: Any, call: Call, donated: Sequence[int]) -> Compiled:
        with self._lock:
            found = self._cache.get(key)
            if found is None or not found.is_for(call):
                is_others = call.holder is not None and bool(self._cache)
                is_likely_known = found is not None or is_others
                made = functools.partial(self._compiled, call, donated, is_likely_known)
                if found is not None:
                    self._replaced += found.calls + self._entry.calls
                    self._entry.clear()  # its rows: others come again with their next calls
                found = without_collector(made)
                settled, before = self._signature.settled(call), len(self._cache)
                found.settle(settled)
                if settled.is_alone:
                    self._replaced += 1
                else:
                    self._cache[*key[:2], static_key(settled), *key[3:]] = found
                self._misses += 1
                if len(self._cache) == MAX_ROWS > before:
                    self._warn_of_many(found)
            return found

    def _warn_of_many(self, found: Compiled) -> None:
        """Of signatures: the native entry serves no more of them."""
        from jitflow.api.recompilation import warn_of_many  # noqa: PLC0415

        warn_of_many(self._signature, found.call, list(self._cache)[-2:])

    def _compiled(self, call: Call, donated: Sequence[int], is_likely_known: bool) -> Compiled:
        """is_likely_known: there was code for a call like this, or for another object's, perhaps of
        an equal graph.
        """
        traced = self._trace(call, keep_layout=True)
        pairs = traced.alike(self._updates)
        if donated:
            pairs = self._donation.pairs(call, donated, traced.graph)
        if pairs:
            traced = traced.giving(pairs)
        lowered = traced.lower()
        return compile_recent(lowered) if self._inlines or is_likely_known else lowered.compile()

    def _source(self, call: Call) -> Source:
        def run(arrays: list[TracedArray]) -> Any:
            args, kwargs = self._signature.put_together(call, arrays)
            return self._function(*args, **kwargs)

        return Source(run, self._name, definition(inspect.unwrap(self._function)))

    def _leaves(self, call: Call, keep_layout: bool) -> list[Leaf]:
        names = self._signature.leaf_names(call)
        pairs = zip(call.leaves, names, strict=True)
        return [leaf_of(x, name, keep_layout, not self._inlines) for x, name in pairs]

    def _trace(self, call: Call, keep_layout: bool = False) -> Traced:
        source, leaves = self._source(call), self._leaves(call, keep_layout)
        timings: list[Timing] = []
        with recorded(timings):
            staged = measure("trace", staging.stage, source, leaves, function=_GRAPH)
        donated = self._donation.among(call) if self._donation else ()
        return Traced(staged, call, timings, donated)

    def _call_in_trace(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Inside another trace, a jitted function becomes a `call` of its own graph."""
        if self._inlines:
            return self._function(*args, **kwargs)
        call = self._take_apart(args, kwargs)
        refuse_unhashable(call, self._signature)
        names = self._signature.leaf_names(call)
        for x, name in zip(call.leaves, names, strict=True):
            if type(x) is not TracedArray:
                leaf_of(x, name)
        operands = [lift(x, name) for x, name in zip(call.leaves, names, strict=True)]
        results, tree = staging.call(self._source(call), operands, names)
        return unflatten(tree, results)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: an instance that is no pytree is a static argument, with what is read of it.

        Native calls of methods come without asking for the method first.
        """
        if instance is None:
            return self
        if not isinstance(instance, type):
            self._owners.add(type(instance))
        bound = BoundMethod(self, instance)
        bound.__doc__, bound.__module__ = self.__doc__, self.__module__
        return bound

    def _take_apart(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        return self._signature.take_apart(args, kwargs, bool(args) and self._is_owner(args[0]))

    def _is_owner(self, x: Any) -> bool:
        """Whether x is a class, or an object with this method, and no pytree."""
        kind = type(x)
        if isinstance(x, type):
            return True
        if isinstance(x, _VALUES) or kind_of(kind) is not None:
            return False
        if kind not in self._owners:
            values = [value for base in kind.__mro__ for value in vars(base).values()]
            if not any(self is _getter(value) for value in values):
                return False
            self._owners.add(kind)
        return True

    def trace(self, *args: Any, **kwargs: Any) -> Traced:
        """The graph for these arguments, which may be arrays, numbers or specs."""
        call = self._take_apart(args, kwargs)
        refuse_unhashable(call, self._signature)
        return self._trace(call)

    def lower(self, *args: Any, **kwargs: Any) -> Lowered:
        """The IR for these arguments: `trace(...).lower()`."""
        return self.trace(*args, **kwargs).lower()

    def cache_info(self) -> CacheInfo:
        """Hits, misses and the number of signatures that are compiled."""
        calls = sum(compiled.calls for compiled in list(self._cache.values())) + self._entry.calls
        hits = calls + self._replaced - self._misses
        return CacheInfo(max(0, hits), self._misses, len(self._cache))

    def compile_report(self) -> CompileReport:
        """What the compilations so far took: milliseconds and ops of each step and kernel.

        `print` shows it; `.data()` is the same for programs, one entry for each signature.
        """
        return CompileReport(compiled.compile_report() for compiled in list(self._cache.values()))

    def clear_cache(self) -> None:
        """Forgets all compiled code and the arrays that it captured."""
        with self._lock:
            self._cache.clear()
            self._misses = self._replaced = 0
            self._recent = _NOTHING_RECENT
            self._entry.clear()

    def captured(self) -> tuple[Captured, ...]:
        """What the function uses from outside: arrays, read at each call, and frozen numbers.

        Arrays are known after the first call; numbers are those that the function's own code
        names.
        """
        arrays = [x for compiled in list(self._cache.values()) for x in compiled.captured]
        return describe_captured(inspect.unwrap(self._function), arrays)

    def __reduce__(self) -> str:
        """Pickled by name, as the function that it wraps."""
        name = getattr(self, "__qualname__", None)
        if not isinstance(name, str):
            raise TypeError(f"cannot pickle {self!r}: it has no name")
        return name

    def __repr__(self) -> str:
        return f"<jit of {self._name}>"


def _getter(value: Any) -> Any:
    """What computes a property, cached or not; any other attribute of a class as it is."""
    name = {"property": "fget", "cached_property": "func"}.get(type(value).__name__)
    return getattr(value, name, value) if name else value


@overload
def jit(
    function: Callable[..., Any],
    *,
    static_argnums: Any = None,
    static_argnames: Any = None,
    donate_argnums: Any = None,
    donate_argnames: Any = None,
) -> JitFunction: ...
@overload
def jit(
    function: None = None,
    *,
    static_argnums: Any = None,
    static_argnames: Any = None,
    donate_argnums: Any = None,
    donate_argnames: Any = None,
) -> Callable[[Callable[..., Any]], JitFunction]: ...
def jit(
    function: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Sequence[str] | None = None,
    donate_argnums: int | Sequence[int] | None = None,
    donate_argnames: str | Sequence[str] | None = None,
) -> Any:
    """Compiles a function of arrays: `@jit`, `@jit(static_argnames="n")` or `jit(f)`.

    Arguments are pytrees of NumPy arrays and Python numbers; those that `static_argnums` or
    `static_argnames` list are hashable values that the code is compiled for. Results are fresh
    C-contiguous arrays, and NumPy scalars for rank 0, in the structure that the function returns.

    The arrays in the arguments that `donate_argnums` or `donate_argnames` list are given away: each
    is overwritten by the first result of its dtype and shape that is left, and returned in its
    place, if the call succeeds. They must be writeable, dense in C order, aligned, and share no
    memory with another argument. Inside another jitted function donation means nothing.
    """
    if function is None:
        return functools.partial(
            jit,
            static_argnums=static_argnums,
            static_argnames=static_argnames,
            donate_argnums=donate_argnums,
            donate_argnames=donate_argnames,
        )
    if not callable(function):
        fail(TraceError, f"jit takes a function, got {described(function)}")
    donated = (donate_argnums, donate_argnames)
    return JitFunction(function, static_argnums, static_argnames, donated=donated)
