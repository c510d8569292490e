"""Writes the table of NumPy's names in docs/numpy.md: `python scripts/list_numpy.py`.

A name is traced if a traced array reaches an implementation of ours by it, and differentiable if
reverse mode gives its sample call (tests/support/numpy_samples.py) a gradient that is not zero.
"""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import jitflow as jf  # noqa: E402
import jitflow.numpy as jnp  # noqa: E402
from jitflow.errors import JitflowError  # noqa: E402
from jitflow.trace import CURES, FUNCTIONS, METHODS, PROPERTIES, TracedArray  # noqa: E402
from jitflow.trace.dispatch import fill_tables  # noqa: E402
from jitflow.trace.pytree import flatten  # noqa: E402
from tests.support import numpy_samples as samples  # noqa: E402

PAGE = ROOT / "docs" / "numpy.md"
START, END = "<!-- names: scripts/list_numpy.py -->\n", "<!-- end of names -->\n"
NO_ARRAYS = set(
    "array2string array_repr array_str asmatrix base_repr binary_repr bmat busday_count"
    " busday_offset can_cast common_type datetime_as_string datetime_data einsum_path"
    " format_float_positional format_float_scientific from_dlpack frombuffer fromfile fromiter"
    " fromregex fromstring genfromtxt get_include get_printoptions getbufsize geterr geterrcall"
    " info is_busday isdtype isfortran isnat isscalar issubdtype iterable load loadtxt"
    " may_share_memory min_scalar_type mintypecode nested_iters printoptions promote_types"
    " result_type save savetxt savez savez_compressed set_printoptions setbufsize seterr"
    " seterrcall shares_memory show_config show_runtime test typename broadcast_shapes bartlett"
    " blackman diag_indices frompyfunc hamming hanning kaiser mask_indices require row_stack"
    " tril_indices triu_indices".split()
)
"""Functions of NumPy that take no arrays, or read and write files and text, or are outdated."""

MORE = {
    "bincount": ["xp.bincount(i, w, length=3)"],
    "linalg.eig": ["abs(xp.linalg.eig(m)[0])"],
    "linalg.eigvals": ["abs(xp.linalg.eigvals(m))"],
}
"""Calls of names whose results NumPy gives in a shape or dtype that depends on elements."""

fill_tables()


def names(space):
    """Public functions of a namespace of NumPy."""
    found = {name: getattr(space, name) for name in dir(space) if not name.startswith("_")}
    return {
        name: function
        for name, function in found.items()
        if callable(function) and not isinstance(function, type) and name not in NO_ARRAYS
    }


def is_traced(name, function, ours):
    return function in FUNCTIONS or getattr(ours, name, function) is not function


def is_differentiable(name):
    """Whether one of the first sample calls has a gradient."""
    texts = MORE.get(name, [])
    if name in samples.ALL or name in UFUNCS:
        texts = samples.calls(name)[:4]
    return any(map(_has_gradient, texts))


def _has_gradient(call):
    point = samples.smooth_operands(1)
    floats = [key for key in point if point[key].dtype.kind == "f"]

    def total(*parts):
        operands = {**point, **dict(zip(floats, parts, strict=True))}
        leaves = flatten(samples.function(call, jnp)(*operands.values()))[0]
        chosen = [x for x in leaves if getattr(x, "dtype", np.dtype(int)).kind in "fc"]
        return sum((jnp.sum((x * x.conj()).real) for x in chosen), start=0.0 * parts[0][0, 0])

    try:
        gradients = jf.grad(total, tuple(range(len(floats))))(*(point[key] for key in floats))
    except (JitflowError, TypeError, ValueError):
        return False
    return any(np.any(np.asarray(g) != 0) for g in gradients)


UFUNCS = {name for name, function in names(np).items() if isinstance(function, np.ufunc)}


def table(space, ours, prefix=""):
    """Rows: name, eager, traced, differentiable; what is missing stands apart."""
    lines, missing = [], []
    for name, function in sorted(names(space).items(), key=lambda pair: pair[0].lower()):
        if not is_traced(name, function, ours):
            missing.append(f"`{prefix}{name}`")
            continue
        derivative = "yes" if is_differentiable(prefix + name) else ""
        lines.append(f"| `{prefix}{name}` | yes | yes | {derivative} |")
    return lines, missing


def attributes():
    """Rows of ndarray's attributes, and those that traced arrays do not have."""
    lines, missing = [], []
    for name in (n for n in dir(np.ndarray) if not n.startswith("_")):
        works = name in METHODS or name in PROPERTIES or name in vars(TracedArray)
        if name in CURES or not works:
            missing.append(f"`.{name}`")
            continue
        derivative = "yes" if is_differentiable(f".{name}") else ""
        lines.append(f"| `.{name}` | yes | yes | {derivative} |")
    return lines, missing


def tables():
    """All tables, in Markdown."""
    parts, gone = [], []
    for title, (lines, missing) in {
        "Functions of numpy": table(np, jnp),
        "Functions of numpy.linalg": table(np.linalg, jnp.linalg, "linalg."),
        "Functions of numpy.fft": table(np.fft, jnp.fft, "fft."),
        "Attributes and methods of arrays": attributes(),
    }.items():
        head = f"**{title}** ({len(lines)})\n\n| name | eager | traced | differentiable |"
        parts.append("\n".join([head, "|---|---|---|---|", *lines]) + "\n")
        gone += missing
    return "\n".join([*parts, "**Not traced**\n", ", ".join(gone) + "\n"])


def page(text):
    """The page with its tables as the namespace is now."""
    before, rest = text.split(START)
    after = rest.split(END)[1]
    return f"{before}{START}\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
