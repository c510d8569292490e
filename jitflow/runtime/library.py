"""Functions that compiled bodies call: each is made when the first body needs it, and then kept.

Owns the addresses in this process. A body names symbols only; the text of a function depends on
its symbol alone, so that it does not matter which body came first.
"""

from __future__ import annotations

from collections.abc import Mapping

from jitflow.runtime.engine import LOCK, Linked, engine
from jitflow.runtime.target import host_target

_addresses: dict[str, int] = {}
_kept: list[Linked] = []


def library_addresses(texts: Mapping[str, str]) -> dict[str, int]:
    """Where the functions are, by symbol; `texts` are their definitions in LLVM text."""
    with LOCK:
        missing = [symbol for symbol in texts if symbol not in _addresses]
        if missing:
            image = engine().object_image("".join(texts[s] for s in missing), host_target())
            linked = engine().link(image, missing)
            _kept.append(linked)
            _addresses.update(linked.addresses)
        return {symbol: _addresses[symbol] for symbol in texts}
