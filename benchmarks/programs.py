"""Functions that no library has seen: chains of elementwise ops in an order made from a seed.

Knows no library: the text is Python over a namespace `np` with NumPy's names.
"""

import random
from collections.abc import Callable
from typing import Any

STEPS = (
    "v * {c}", "v + {c}", "v - y", "v * x", "v / {c}",
    "np.maximum(v, -{c})", "np.minimum(v, {c})", "np.abs(v)", "np.tanh(v)", "np.sin(v)",
)  # fmt: skip
"""Ten ops, each once in a chain of ten; tanh and sin keep longer chains in bounds."""


def chain_text(ops: int, seed: int, constant: str) -> str:
    """The source of `chain(x, y)` with `ops` ops; no two chains have constants in common."""
    source = random.Random(f"{ops} ops, seed {seed}")
    lines = ["def chain(x, y):", "    v = x"]
    for _ in range(ops // len(STEPS)):
        for step in source.sample(STEPS, len(STEPS)):
            written = constant.format(round(source.uniform(0.5, 1.5), 6))
            lines.append("    v = " + step.format(c=written))
    return "\n".join([*lines, "    return v", ""])


def chain(np: Any, ops: int, seed: int, constant: str = "{}") -> Callable[..., Any]:
    """A new function object over a library's namespace; `constant` says how numbers are written."""
    names = {"np": np}
    text = chain_text(ops, seed, constant)
    exec(compile(text, f"<chain of {ops} ops, seed {seed}>", "exec"), names)
    return names["chain"]
