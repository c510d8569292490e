"""The table of container types that a pytree is made of: how each is taken apart and rebuilt.

Containers are matched by exact type: tuple, list, dict, OrderedDict, defaultdict, None,
namedtuples, dataclasses and registered classes; everything else is a leaf. The children of a dict
are in the order of their sorted keys, which must be sortable; its own order is kept beside it, for
a dict that is rebuilt. A dataclass field with metadata `{"static": True}` belongs to the structure;
the others are children, and the class is called to rebuild it. Knows nothing of whole trees.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from jitflow.errors import TraceError
from jitflow.trace.source import fail

Children = Sequence[Any]


class Keys(tuple[Any, ...]):
    """Data of a dict whose keys are not in the order of its children; `order` has them as it has.

    Equal where the keys are, whatever their order.
    """

    order: tuple[Any, ...]


def in_order(data: Any) -> Any:
    """Data that differs, too, where dicts have equal keys in another order."""
    return data.order if type(data) is Keys else data


Pieces = Callable[[Any, int], list[str]]


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Kind:
    """One container type.

    `flatten(tree)` gives (children, data): data is what else is needed to build an equal container
    with `build(data, children)`. `access(data, i)` is the text that reaches child i.
    `pieces(data, arity)` are the texts before, between and after the children.

    Those who do not call `flatten` for each tree may know more: with `is_plain`, children are what
    indices, or the keys in data, give; with `fields`, they are the attributes of these names, data
    the tuple of those in `static`, and the class makes an equal object of both by name.
    """

    type: type
    flatten: Callable[[Any], tuple[Children, Any]]
    build: Callable[[Any, Children], Any]
    access: Callable[[Any, int], str]
    pieces: Pieces
    is_plain: bool = False
    fields: tuple[str, ...] | None = None
    static: tuple[str, ...] = ()


def register(
    cls: type,
    flatten: Callable[[Any], tuple[Iterable[Any], Hashable]],
    unflatten: Callable[[Any, Children], Any],
) -> None:
    """Makes `cls` (exactly it, not its subclasses) a container.

    `flatten(x)` returns (children, data) with hashable data; `unflatten(data, children)` returns
    an equal object. Raises TraceError for a class that is registered or built in already.
    """
    if not isinstance(cls, type):
        raise TraceError(f"register takes a class, not {cls!r}")
    if cls in _FIXED:
        raise TraceError(f"{cls.__qualname__} is a pytree container already")

    def flatten_checked(tree: Any) -> tuple[Children, Any]:
        parts = flatten(tree)
        if not isinstance(parts, tuple) or len(parts) != 2:
            raise TraceError(
                f"flatten of {cls.__qualname__} must return (children, data), not {parts!r}"
            )
        return tuple(parts[0]), parts[1]

    def access(data: Any, i: int) -> str:
        return f"[<flat index {i}>]"

    _fix(Kind(cls, flatten_checked, unflatten, access, _brackets(f"{cls.__name__}(", ")")))


def register_leaf(cls: type) -> None:
    """Makes a namedtuple or dataclass `cls` a leaf; TraceError where it is a fixed container."""
    if cls in _FIXED:
        raise TraceError(f"{cls.__qualname__} is a pytree container already")
    KINDS[cls] = None
    LEAF_TYPES.add(cls)


def kind_of(cls: type) -> Kind | None:
    """The kind of a container type, None for a leaf type; worked out once per type."""
    if cls in KINDS:
        return KINDS[cls]
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        kind = _namedtuple_kind(cls)
    elif dataclasses.is_dataclass(cls):
        kind = _dataclass_kind(cls)
    else:
        kind = None
        LEAF_TYPES.add(cls)
    KINDS[cls] = kind
    return kind


def _fix(kind: Kind) -> Kind:
    """Enters a kind that stays; one that `kind_of` worked out gives way to it."""
    LEAF_TYPES.discard(kind.type)
    KINDS[kind.type] = kind
    _FIXED.add(kind.type)
    return kind


def _brackets(before: str, after: str) -> Pieces:
    return lambda data, arity: _around(before, [""] * arity, after)


def _around(before: str, labels: Sequence[str], after: str) -> list[str]:
    """The texts around children that have these labels: one more than there are children."""
    if not labels:
        return [before + after]
    return [before + labels[0], *(f", {label}" for label in labels[1:]), after]


def _by_index(data: Any, i: int) -> str:
    return f"[{i}]"


def _tuple_pieces(data: Any, arity: int) -> list[str]:
    return _around("(", [""] * arity, ",)" if arity == 1 else ")")


def _dict_kind(
    cls: type, keys: Callable[[Any], tuple[Any, ...]], build: Callable[[Any, Children], Any]
) -> Kind:
    """A kind whose data is the tuple of keys, in the order of the children."""

    def flatten(tree: Any) -> tuple[Children, Any]:
        data = keys(tree)
        return list(map(tree.__getitem__, data)), data

    before, after = ("{", "}") if cls is dict else (f"{cls.__name__}({{", "})")
    return Kind(
        cls,
        flatten,
        build,
        lambda data, i: f"[{data[i]!r}]",
        lambda data, arity: _around(before, [f"{key!r}: " for key in data], after),
        is_plain=cls is dict,
    )


def _sorted_keys(tree: dict[Any, Any], before: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    """What stands before, and the keys in sorted order."""
    own = tuple(tree)
    try:
        data, order = (*before, *sorted(own)), (*before, *own)
    except TypeError:
        fail(
            TraceError, f"the keys of a dict must be sortable, got {', '.join(map(repr, own))}",
            cure="use keys of one type, or an OrderedDict",
        )
    if data == order:
        return data
    keys = Keys(data)
    keys.order = order
    return keys


def items(data: tuple[Any, ...], children: Iterable[Any], first: int = 0) -> Iterable[Any]:
    """Keys, which begin at `first` in data, and children in the order of the dict."""
    pairs = zip(data[first:], children, strict=True)
    if type(data) is not Keys:
        return pairs
    found = dict(pairs)
    return [(key, found[key]) for key in data.order[first:]]


def _defaultdict_kind() -> Kind:
    """As a dict's, with the default factory before the keys."""

    def flatten(tree: Any) -> tuple[Children, Any]:
        data = _sorted_keys(tree, (tree.default_factory,))
        return list(map(tree.__getitem__, data[1:])), data

    def pieces(data: Any, arity: int) -> list[str]:
        name = getattr(data[0], "__name__", repr(data[0]))
        return _around(f"defaultdict({name}, {{", [f"{key!r}: " for key in data[1:]], "})")

    return Kind(
        defaultdict,
        flatten,
        lambda data, children: defaultdict(data[0], items(data, children, 1)),
        lambda data, i: f"[{data[i + 1]!r}]",
        pieces,
    )


def _namedtuple_kind(cls: Any) -> Kind:
    fields = cls._fields
    return Kind(
        cls,
        lambda tree: (tuple(tree), None),
        lambda data, children: cls._make(children),
        lambda data, i: f".{fields[i]}",
        lambda data, arity: _around(f"{cls.__name__}(", [f"{name}=" for name in fields], ")"),
        is_plain=cls.__iter__ is tuple.__iter__,
    )


def _dataclass_kind(cls: Any) -> Kind:
    """Children are the fields that are not static; data is the values of the static ones."""
    fields = dataclasses.fields(cls)
    names = [f.name for f in fields if not f.metadata.get("static")]
    static = [f.name for f in fields if f.metadata.get("static")]
    set_later = [f.name for f in fields if not f.init]

    def flatten(tree: Any) -> tuple[Children, Any]:
        data = tuple(getattr(tree, name) for name in static)
        return [getattr(tree, name) for name in names], data

    def build(data: Any, children: Children) -> Any:
        values = {**dict(zip(names, children, strict=True)), **dict(zip(static, data, strict=True))}
        later = {name: values.pop(name) for name in set_later}
        tree = cls(**values)
        for name, value in later.items():
            object.__setattr__(tree, name, value)
        return tree

    def pieces(data: Any, arity: int) -> list[str]:
        fixed = [f"{name}={value!r}" for name, value in zip(static, data, strict=True)]
        after = ", ".join([""] + fixed if names else fixed) + ")"
        return _around(f"{cls.__name__}(", [f"{name}=" for name in names], after)

    return Kind(
        cls,
        flatten,
        build,
        lambda data, i: f".{names[i]}",
        pieces,
        fields=None if set_later else tuple(names),
        static=tuple(static),
    )


KINDS: dict[type, Kind | None] = {}
LEAF_TYPES: set[type] = set()
_FIXED: set[type] = set()

TUPLE = _fix(
    Kind(
        tuple, lambda tree: (tree, None), lambda data, c: tuple(c), _by_index, _tuple_pieces,
        is_plain=True,
    )  # fmt: skip
)
_fix(
    Kind(
        list, lambda tree: (tuple(tree), None),  # as other threads may change it
        lambda data, c: list(c), _by_index, _brackets("[", "]"), is_plain=True,
    )  # fmt: skip
)
_fix(
    Kind(
        type(None), lambda tree: ((), None), lambda data, c: None, _by_index, _brackets("None", "")
    )
)
_fix(_dict_kind(dict, _sorted_keys, lambda keys, c: dict(items(keys, c))))
_fix(_dict_kind(OrderedDict, tuple, lambda keys, c: OrderedDict(zip(keys, c, strict=True))))
_fix(_defaultdict_kind())
