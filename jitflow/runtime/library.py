"""Functions that compiled bodies call: each is made when a body first needs it, and then kept.

A body names symbols only; it does not matter which body came first. Objects are kept on disk too:
they are few, and the same for all programs. Their keys are the LLVM text of the function, or its
name and jitflow's sources, so that nothing is written that is there. Owns the addresses in this
process.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import astuple
from functools import partial
from typing import Any

from jitflow.codegen import RowFunction, emit_row_function
from jitflow.runtime.engine import LOCK, Linked, engine
from jitflow.runtime.target import host_target

_addresses: dict[str, int] = {}
"""By symbol."""

_kept: list[Linked] = []


def library_addresses(functions: Mapping[str, RowFunction]) -> dict[str, int]:
    """Where the functions are, by symbol."""
    _disk().folder()  # a process's first program pays for finding it
    _disk().sources()
    with LOCK:
        missing = {s: function for s, function in functions.items() if s not in _addresses}
        if missing:
            images = [_row_object(symbol, function) for symbol, function in missing.items()]
            linked = engine().link(images, list(missing))
            _kept.append(linked)
            _addresses.update(linked.addresses)
        return {symbol: _addresses[symbol] for symbol in functions}


def library_address(symbol: str, text: str, imports: Mapping[str, int]) -> int:
    """Where a function is that calls others: these, by symbol and address."""
    with LOCK:
        if symbol not in _addresses:
            _addresses[symbol] = link_library([symbol], text, imports)[symbol]
        return _addresses[symbol]


def link_library(
    symbols: Sequence[str], text: str, imports: Mapping[str, int]
) -> Mapping[str, int]:
    """Where functions of a module are, by symbol; each call makes them anew, for good."""
    with LOCK:
        linked = engine().link([_object(text, lambda: text, imports)], symbols, imports)
        _kept.append(linked)
        return linked.addresses


def _row_object(symbol: str, function: RowFunction) -> bytes:
    write = partial(emit_row_function, function)
    return _object(f"{symbol} {_disk().sources()}" if function.is_own else write(), write)


def _object(name: str, write: Callable[[], str], calls: Collection[str] = ()) -> bytes:
    """The object of a function, from the disk or from LLVM; `name` stands for its text."""
    disk = _disk()
    key = disk.key_of(engine().version, *map(str, astuple(host_target())), name)
    image: bytes | None = disk.load(key)
    if image is None:
        image = engine().object_image(write(), host_target(), calls)
        disk.save(key, image)
    return image


def _disk() -> Any:
    """The module, which brings hashes and temporary files: nothing for `import jitflow`."""
    from jitflow.runtime import disk  # noqa: PLC0415

    return disk
