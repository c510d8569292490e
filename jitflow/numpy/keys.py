"""What stands between the brackets of x[...]: one part for each axis, as NumPy reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from jitflow.errors import AxisError, TraceError
from jitflow.numpy.basics import Array, emit, emit_check, fail
from jitflow.numpy.index_arrays import constant_array, in_range
from jitflow.numpy.key_parts import GAP, NEW, Fixed, Gap, Masked, New, Part, Taken
from jitflow.numpy.known import known
from jitflow.numpy.shaping import reshaped
from jitflow.numpy.spans import position, span
from jitflow.trace import lift


def read_key(x: Array, key: Any) -> tuple[Array, list[Part]]:
    """x, with an axis more for each bool among the parts, and the parts of the key."""
    entries = [_entry(x, entry) for entry in (key if type(key) is tuple else (key,))]
    entries = _with_rest(x, entries)
    parts: list[Part] = []
    axis = 0
    for entry in entries:
        if type(entry) is bool:
            x = reshaped(x, (*x.type.shape[:axis], 1, *x.type.shape[axis:]))
        found = _parts_of(x, axis, entry)
        axis += sum(_taken(part) for part in found)
        parts += found
    return x, parts


def _taken(part: Part) -> int:
    """How many axes a part is about."""
    if isinstance(part, (New, Gap)):
        return 0
    return part.mask.type.rank if isinstance(part, Masked) else 1


def _entry(x: Array, entry: Any) -> Any:
    """None, Ellipsis, a slice, a Python integer or bool, a known mask, or a traced array."""
    if entry is None or entry is Ellipsis or type(entry) is slice:
        return entry
    if isinstance(entry, (bool, np.bool_)):
        return bool(entry)
    if type(entry) is Array:
        return _known_entry(x, entry)
    if isinstance(entry, np.ndarray) and entry.dtype == np.bool_:
        _freeze(entry)
        return entry if entry.ndim else bool(entry)
    if isinstance(entry, np.ndarray):
        _require_integers(x, entry.dtype)
        return lift(entry)
    if isinstance(entry, (list, tuple)):
        return _listed(x, entry)
    if not hasattr(entry, "__index__"):
        fail(
            AxisError,
            "an index is an integer, a slice, None, Ellipsis, or an array of integers or bool, got "
            f"{type(entry).__name__}",
            shapes=[x.type],
        )
    return entry.__index__()


def _known_entry(x: Array, entry: Array) -> Any:
    """A traced number of bool, where it is known, as Python's; else a mask without axes."""
    if entry.type.shape or entry.type.dtype.kind != "b":
        return _index_array(x, entry)
    value = known(entry)
    return entry if value is None else bool(value)


def _listed(x: Array, entry: Any) -> Any:
    """A list of integers or bool, which is known unless it holds traced values."""
    try:
        array = np.asarray(entry) if len(entry) else np.zeros((0,), np.int64)
    except (TraceError, ValueError):
        return _index_array(x, lift(entry))
    if array.dtype == object:
        return _index_array(x, lift(entry))
    _require_integers(x, array.dtype)
    return array if array.dtype == np.bool_ else constant_array(array)


def _freeze(mask: np.ndarray[Any, Any]) -> None:
    """A captured mask decides about a shape, so that a call with another one fails."""
    before, now = constant_array(mask.copy()), lift(mask)
    same = emit("reduce_all", emit("eq", before, now), axes=tuple(range(mask.ndim)))
    emit_check(same, "a captured mask has other elements now than when the function was traced")


def _index_array(x: Array, index: Array) -> Array:
    _require_integers(x, index.dtype)
    return index


def _require_integers(x: Array, dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "biu":
        fail(
            AxisError,
            "arrays used as indices must be of integer (or boolean) type",
            shapes=[x.type],
            dtypes=[dtype],
            cure="convert them first, as in i.astype(int)",
        )


def _with_rest(x: Array, entries: list[Any]) -> list[Any]:
    """Entries for all axes: slices in place of Ellipsis, which stays where nothing is missing."""
    taken = sum(map(_axes_of, entries))
    dots = [k for k, entry in enumerate(entries) if entry is Ellipsis]
    if len(dots) > 1:
        fail(AxisError, "an index has one Ellipsis ('...') at most", shapes=[x.type])
    missing = x.type.rank - taken
    if missing < 0:
        fail(
            AxisError,
            f"too many indices: the array has {x.type.rank} dimensions, and {taken} were indexed",
            shapes=[x.type],
        )
    if dots and not missing:
        return entries
    rest: list[Any] = [slice(None)] * missing
    at = dots[0] if dots else len(entries)
    return [*entries[:at], *rest, *entries[at + 1 :]]


def _axes_of(entry: Any) -> int:
    if entry is None or entry is Ellipsis or type(entry) is bool:
        return 0
    if type(entry) is Array and entry.type.dtype.kind == "b":
        return entry.type.rank
    return entry.ndim if isinstance(entry, np.ndarray) else 1


def _parts_of(x: Array, axis: int, entry: Any) -> list[Part]:
    if entry is None:
        return [NEW]
    if entry is Ellipsis:
        return [GAP]
    if type(entry) is slice:
        return [span(x, axis, entry)]
    if type(entry) is bool:
        return [Taken(axis, constant_array(np.zeros(int(entry), np.int64)))]
    if isinstance(entry, np.ndarray):
        _require_fit(x, axis, entry.shape)
        return _of_known_mask(axis, entry)
    if type(entry) is not Array:
        return [Fixed(axis, position(x, axis, entry))]
    if entry.type.dtype.kind == "b":
        return _of_mask(x, axis, entry)
    return [Taken(axis, in_range(entry, axis, x.type.shape[axis]))]


def _of_mask(x: Array, axis: int, mask: Array) -> list[Part]:
    _require_fit(x, axis, mask.type.shape)
    value = known(mask)
    return [Masked(axis, mask)] if value is None else _of_known_mask(axis, value)


def _of_known_mask(axis: int, mask: np.ndarray[Any, Any]) -> list[Part]:
    """Where the mask is true, as an index array for each of its axes."""
    places = np.nonzero(mask)
    return [Taken(axis + k, constant_array(place)) for k, place in enumerate(places)]


def _require_fit(x: Array, axis: int, shape: Sequence[Any]) -> None:
    for k, extent in enumerate(shape):
        if extent != x.type.shape[axis + k]:
            fail(
                AxisError,
                f"boolean index did not match indexed array along axis {axis + k}; size of axis is"
                f" {x.type.shape[axis + k]} but size of corresponding boolean axis is {extent}",
                shapes=[x.type, list(shape)],
            )


def refuse_count(x: Array, mask: Array) -> NoReturn:
    """Of x[mask] in a place where its shape must be known."""
    fail(
        TraceError,
        "the shape of x[mask] depends on the elements of the mask, which are not known yet",
        shapes=[x.type, mask.type],
        cure="choose with jnp.where(mask, x, 0), or write x[mask] = v",
    )
