"""Plain data in entries: numbers, texts and bytes, and tuples, lists and dicts of them."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any, TypeVar

from jitflow.runtime.cache.store import discard, load

Made = TypeVar("Made")

UNREADABLE = (
    pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, ImportError, LookupError,
    MemoryError, TypeError, ValueError,
)  # fmt: skip
"""What bytes raise that pickle did not write, or of something else."""


def load_plain(key: str, make: Callable[..., Made]) -> Made | None:
    """What `make` makes of the tuple under the key, or None; an entry of another form goes."""
    content = load(key)
    if content is None:
        return None
    try:
        found = _Reader(io.BytesIO(content)).load()
        if type(found) is not tuple:
            raise TypeError(f"a {type(found).__name__} is no tuple")
        return make(*found)
    except UNREADABLE:
        discard(key)
        return None


class _Reader(pickle.Unpickler):
    """Looks nothing up by name, so that nothing runs."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is no plain data")
