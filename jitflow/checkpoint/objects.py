"""Objects that stand for trees in checkpoints: what they give to save, and how they take it back.

Those with `checkpoint_state` and `restore_state`, and generators of random numbers. One that
could take more than it has says by `checkpoint_like(saved)` what, in a tree like its state.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np


def _set_generator(x: Any, state: Any) -> None:
    x.bit_generator.state = state


def _python_state(x: random.Random) -> dict[str, Any]:
    version, words, pending = x.getstate()
    has = pending is not None
    return {"version": version, "words": np.array(words), "pending": pending or 0.0, "has": has}


def _set_python(x: random.Random, state: Any) -> None:
    pending = state["pending"] if state["has"] else None
    x.setstate((state["version"], tuple(state["words"].tolist()), pending))


_Pair = tuple[Callable[[Any], Any], Callable[[Any, Any], None]]

_KNOWN: dict[type, _Pair] = {
    np.random.Generator: (lambda x: x.bit_generator.state, _set_generator),
    np.random.RandomState: (
        lambda x: x.get_state(legacy=False), lambda x, state: x.set_state(state),
    ),
    random.Random: (_python_state, _set_python),
}  # fmt: skip


def stands_for_a_tree(x: Any) -> bool:
    """Whether an object has a state of its own."""
    return type(x) in _KNOWN or hasattr(x, "checkpoint_state")


def state_of(x: Any) -> Any:
    """The tree of an object's state."""
    return _KNOWN[type(x)][0](x) if type(x) in _KNOWN else x.checkpoint_state()


def restore(x: Any, state: Any) -> None:
    """Has an object take its state back."""
    if type(x) in _KNOWN:
        _KNOWN[type(x)][1](x, state)
    else:
        x.restore_state(state)
