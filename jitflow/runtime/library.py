"""Functions that compiled bodies call: each is made when a body first needs it, and then kept.

A body names symbols only; it does not matter which body came first. Objects are kept on disk too:
they are few, and the same for all programs. Each goes by its name where jitflow's own sources say
what it is, so that its text need not be written, else by its text. A math row has an object of its
own; short rows, which baseline code calls, share one for each type. Owns the addresses in this
process.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from jitflow.ir.builder import OWN_ROWS
from jitflow.ir.kinds import Kind
from jitflow.ir.types import VectorType
from jitflow.runtime.cache import key_of, load_plain
from jitflow.runtime.engine import BASELINE, FULL, LOCK, Tier, engine, link
from jitflow.runtime.loading import Code, Linked, arranged
from jitflow.runtime.machine import host_target
from jitflow.runtime.surroundings import keep, origin

_addresses: dict[str, int] = {}
"""By symbol."""

_kept: list[Linked] = []
_NO_IMPORTS: Mapping[str, int] = {}


def library_addresses(kinds: Mapping[str, Kind]) -> dict[str, int]:
    """Where the functions of these kinds of rows are, by symbol."""
    if not all(map(_addresses.__contains__, kinds)):
        with LOCK:
            missing = {symbol: kind for symbol, kind in kinds.items() if symbol not in _addresses}
            if missing:
                short = dict.fromkeys(k.types[0] for k in missing.values() if k.row.expand is None)
                codes = [_short_code(type) for type in short]
                codes += [_row_code(s, k) for s, k in missing.items() if k.row.expand is not None]
                _addresses.update(_link(codes, list(missing), _NO_IMPORTS))
    return {symbol: _addresses[symbol] for symbol in kinds}


def library_address(symbol: str, write: Callable[[], str], imports: Mapping[str, int]) -> int:
    """Where one of jitflow's own functions is that calls others: these, by symbol and address."""
    with LOCK:
        if symbol not in _addresses:
            found = link_library(symbol, [symbol], write, imports)
            _addresses[symbol] = found[symbol]
        return _addresses[symbol]


def link_library(
    name: str, symbols: Sequence[str], write: Callable[[], str], imports: Mapping[str, int]
) -> Mapping[str, int]:
    """Where functions of one of jitflow's own modules are, by symbol, made anew, for good.

    `write` gives its text, which follows from jitflow's sources, the machine and the name.
    """
    with LOCK:
        return _link([_code(name, name, write, imports)], symbols, imports)


def _link(
    codes: Sequence[Code], symbols: Sequence[str], imports: Mapping[str, int]
) -> Mapping[str, int]:
    linked = link(codes, symbols, imports)
    _kept.append(linked)
    return linked.addresses


def _row_code(symbol: str, kind: Kind) -> Code:
    write = partial(_row_text, kind)
    is_own = OWN_ROWS.get(kind.row.name) is kind.row
    return _code(symbol, symbol if is_own else write(), write)


def _short_code(type: VectorType) -> Code:
    name = f"jitflow_short_{type.dtype.name}x{type.lanes}"
    return _code(name, name, partial(_short_text, type), tier=BASELINE)


def _row_text(*kinds: Kind) -> str:
    """Code generation is loaded with the first function that is not on disk."""
    from jitflow.codegen import emit_row_functions  # noqa: PLC0415

    return emit_row_functions(kinds, host_target().lacks)


def _short_text(type: VectorType) -> str:
    from jitflow.codegen import kinds_beside  # noqa: PLC0415

    return _row_text(*kinds_beside(type))


def _code(
    symbol: str, name: str, write: Callable[[], str], calls: Collection[str] = (), tier: Tier = FULL
) -> Code:
    """The object of a function, from the disk or from LLVM; `name` stands for its text."""
    key = key_of(origin(), "library", name)
    kept = load_plain(key, Code) if origin() else None
    if kept is not None:
        return kept
    code = arranged(engine().object_image(write(), host_target(), calls, tier))
    if origin():
        keep(key, pickle.dumps(tuple(code)), "library", symbol)
    return code
