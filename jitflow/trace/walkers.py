"""Pytrees of a known structure, taken apart and put together: closures made once for it.

The dispatcher sees one structure at call after call; not to ask again what each container is makes
that several times faster than `flatten` and `unflatten`. Owns tuples, lists, dicts and None; a
structure with other containers has no walker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

from jitflow.trace.containers import in_order, items
from jitflow.trace.exact import are_strings
from jitflow.trace.pytree import TreeDef

MAX_NODES = 1000
MAX_DEPTH = 50

Reader = Callable[[Any, list[Any]], bool]
"""Appends the leaves of a tree to a list; False where the structure is another."""

Builder = Callable[[Iterator[Any]], Any]
"""The tree whose leaves are next in the iterator."""


def reader(tree: TreeDef) -> Callable[[Any], list[Any] | None] | None:
    """A function from a tree to its leaves, or to None where its structure is another.

    There is none for keys that are no strings: others may be equal and yet not the same to code.
    A leaf may be anything, a container too: the caller looks at the leaves' types.
    """
    read = _over(tree, _read_node)
    if read is None:
        return None

    def leaves_of(part: Any) -> list[Any] | None:
        leaves: list[Any] = []
        try:
            return leaves if read(part, leaves) else None
        except KeyError:
            return None

    return leaves_of


def builder(tree: TreeDef) -> Callable[[Sequence[Any]], Any] | None:
    """A function from the leaves to the tree."""
    build = _over(tree, _build_node)
    return None if build is None else lambda leaves: build(iter(leaves))


def _over(tree: TreeDef, make: Callable[[Any, Any, list[Any]], Any]) -> Any:
    """The closure of the root; `make(type, data, closures)` has None for a child that is a leaf."""
    if len(tree.nodes) > MAX_NODES or tree.nodes[0][0] is None:
        return None
    made: list[tuple[Any, int]] = []
    for kind, data, arity in reversed(tree.nodes):
        if kind is None:
            made.append((None, 0))
            continue
        children = made[: -arity - 1 : -1]
        del made[len(made) - arity :]
        depth = 1 + max((depth for _, depth in children), default=0)
        closure = make(kind.type, data, [closure for closure, _ in children])
        if closure is None or depth > MAX_DEPTH:
            return None
        made.append((closure, depth))
    return made[0][0]


def _read_node(cls: type, data: Any, children: list[Reader | None]) -> Reader | None:
    if cls is type(None):
        return lambda part, leaves: part is None
    if cls not in (tuple, list, dict) or (cls is dict and not are_strings(map(type, data))):
        return None
    count = len(children)
    values: Callable[[Any], Sequence[Any]] = _values_of(data) if cls is dict else tuple
    if not any(children):

        def read_leaves(part: Any, leaves: list[Any]) -> bool:
            if type(part) is not cls or len(part) != count:
                return False
            found = values(part)  # a list may change while other threads run
            leaves += found
            return len(found) == count

        return read_leaves

    def read(part: Any, leaves: list[Any]) -> bool:
        if type(part) is not cls or len(part) != count:
            return False
        found = values(part)
        if len(found) != count:
            return False
        for child, value in zip(children, found, strict=True):
            if child is None:
                leaves.append(value)
            elif not child(value, leaves):
                return False
        return True

    return read


def _values_of(keys: tuple[Any, ...]) -> Callable[[Any], Sequence[Any]]:
    """A function that gives a dict's children, or none where its keys are others, or in another
    order.
    """
    order = in_order(keys)
    values = itemgetter(*keys) if len(keys) > 1 else lambda part: [part[key] for key in keys]
    return lambda part: (
        values(part) if tuple(part) == order and are_strings(map(type, part)) else ()
    )


def _build_node(cls: type, data: Any, children: list[Builder | None]) -> Builder | None:
    if cls is type(None):
        return lambda leaves: None
    if cls not in (tuple, list, dict):
        return None
    count = len(children)
    if any(children):

        def parts(leaves: Iterator[Any]) -> Any:
            return [next(leaves) if child is None else child(leaves) for child in children]
    else:

        def parts(leaves: Iterator[Any]) -> Any:
            return islice(leaves, count)

    if cls is dict:
        return lambda leaves: dict(items(data, parts(leaves)))
    return lambda leaves: cls(parts(leaves))
