"""Functions that compiled bodies call: each is made when a body first needs it, and then kept.

A body names symbols only. What stands for them is found by the text of the function, so that it
does not matter which body came first. Objects are kept on disk too: they are few, and the same for
all programs. Owns the addresses in this process.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple
from typing import Any

from jitflow.runtime.engine import LOCK, Linked, engine
from jitflow.runtime.target import host_target

_addresses: dict[str, int] = {}
"""By the LLVM text of the function."""

_kept: list[Linked] = []


def library_addresses(texts: Mapping[str, str]) -> dict[str, int]:
    """Where the functions are, by symbol; `texts` are their definitions in LLVM text."""
    _disk().folder()  # a process's first program pays for finding it
    with LOCK:
        missing = {symbol: text for symbol, text in texts.items() if text not in _addresses}
        if missing:
            linked = engine().link([_object(text) for text in missing.values()], list(missing))
            _kept.append(linked)
            _addresses.update((missing[s], address) for s, address in linked.addresses.items())
        return {symbol: _addresses[text] for symbol, text in texts.items()}


def library_address(symbol: str, text: str, imports: Mapping[str, int]) -> int:
    """Where a function is that calls others: these, by symbol and address."""
    with LOCK:
        if text not in _addresses:
            _addresses[text] = link_library([symbol], text, imports)[symbol]
        return _addresses[text]


def link_library(
    symbols: Sequence[str], text: str, imports: Mapping[str, int]
) -> Mapping[str, int]:
    """Where functions of a module are, by symbol; each call makes them anew, for good."""
    with LOCK:
        linked = engine().link([_object(text, imports)], symbols, imports)
        _kept.append(linked)
        return linked.addresses


def _object(text: str, calls: Collection[str] = ()) -> bytes:
    """The object of a function, from the disk or from LLVM."""
    disk = _disk()
    key = disk.key_of(engine().version, *map(str, astuple(host_target())), text)
    image = disk.load(key)
    if image is None:
        image = engine().object_image(text, host_target(), calls)
        disk.save(key, image)
    return image


def _disk() -> Any:
    """The module, which brings hashes and temporary files: nothing for `import jitflow`."""
    from jitflow.runtime import disk  # noqa: PLC0415

    return disk
