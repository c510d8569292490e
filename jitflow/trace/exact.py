"""Values as keys of code that is made for them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

are_strings = frozenset({str}).issuperset
"""Of types: strings and tuples of them are as they are; all else begins with its type."""


def exact(x: Any) -> Hashable:
    """Equal for values that no code can tell apart: -0.0 is not 0.0, and neither of them is 0.

    Objects of other classes are by type and ==. Hashable where x is.
    """
    if type(x) is str:
        return x
    if type(x) is tuple:
        return x if are_strings(map(type, x)) else (tuple, tuple(map(exact, x)))
    if isinstance(x, (float, complex)) and not isinstance(x, np.generic):
        return type(x), repr(x)
    if isinstance(x, np.generic):
        return type(x), x.dtype, x.tobytes()
    return type(x), x
