"""The form that complex numbers take in code: a pair of real values.

`row.split(b, *operands, **attrs)` writes the op on real values: a complex operand comes as `Parts`,
a real one as it is, and the result is `Parts` where it is complex. Knows no row by name.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Parts(NamedTuple):
    """A complex value by its real and its imaginary part, which have one type."""

    real: Any
    imag: Any
