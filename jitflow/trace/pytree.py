"""Pytrees: nested containers taken apart into leaves and a hashable structure, and put together.

Nothing here recurses, so depth is no limit. Which types are containers stands in `containers`.
Knows nothing of arrays, tracers or the IR.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from jitflow.errors import TraceError, described
from jitflow.trace.containers import (
    KINDS,
    LEAF_TYPES,
    TUPLE,
    Kind,
    in_order,
    kind_of,
    register,
    register_leaf,
)
from jitflow.trace.exact import exact
from jitflow.trace.source import fail

__all__ = [
    "TreeDef",
    "describe_difference",
    "flatten",
    "map_tree",
    "paths",
    "register",
    "register_leaf",
    "unflatten",
]

MAX_CONTAINERS = 1_000_000
MAX_PATH = 240
_CYCLE_CHECK_AFTER = 1000

Node = tuple[Kind | None, Any, int]  # kind (None for a leaf), data, number of children
_LEAF: Node = (None, None, 0)


class TreeDef:
    """The structure of a tree: its nodes, each before its children, from left to right.

    Two are equal where containers, keys and static data are, in whatever order dicts have their
    keys. `str` shows `*` for a leaf.
    """

    __slots__ = ("_data", "_hash", "leaf_count", "nodes")

    def __init__(self, nodes: tuple[Node, ...], leaf_count: int) -> None:
        self.nodes = nodes
        self.leaf_count = leaf_count
        self._hash: int | None = None
        self._data: tuple[Hashable, ...] | None = None

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, TreeDef) and self.nodes == other.nodes)

    def __hash__(self) -> int:
        """TraceError where static data of a container is not hashable."""
        if self._hash is None:
            try:
                self._hash = hash(self.nodes)
            except TypeError:
                fail(TraceError, _unhashable_text(self))
        return self._hash

    @property
    def exact(self) -> Hashable:
        """Equal for structures that no code can tell apart: by the order and the types of keys, and
        the exact values of static data.
        """
        if self._data is None:
            found = [data for _, data, _ in self.nodes if data is not None]
            self._data = tuple([exact(in_order(data)) for data in found])
        return self, self._data

    def __str__(self) -> str:
        text: list[str] = []
        pending: list[list[str]] = []
        for kind, data, arity in self.nodes:
            pieces = ["*"] if kind is None else kind.pieces(data, arity)
            pending.append(pieces[::-1])
            text.append(pending[-1].pop())
            while pending and not pending[-1]:
                pending.pop()
                if pending:
                    text.append(pending[-1].pop())
        return "".join(text)

    __repr__ = __str__


def flatten(tree: Any) -> tuple[list[Any], TreeDef]:
    """(leaves, treedef), leaves from left to right, those of a dict by its sorted keys.

    Raises TraceError for dict keys that cannot be sorted, for a container that contains itself and
    for more than a million containers.
    """
    if type(tree) is tuple and LEAF_TYPES.issuperset(map(type, tree)):
        return list(tree), _FLAT_TUPLES.get(len(tree)) or _flat_tuple(len(tree))
    leaves: list[Any] = []
    nodes: list[Node] = []
    pending = [tree]
    check_at = _CYCLE_CHECK_AFTER
    while pending:
        part = pending.pop()
        cls = type(part)
        if cls in LEAF_TYPES:
            leaves.append(part)
            nodes.append(_LEAF)
            continue
        kind = KINDS[cls] if cls in KINDS else kind_of(cls)
        if kind is None:
            pending.append(part)
            continue
        children, data = kind.flatten(part)
        nodes.append((kind, data, len(children)))
        if LEAF_TYPES.issuperset(map(type, children)):
            leaves += children
            nodes += (_LEAF,) * len(children)
        else:
            pending += children[::-1]
        if len(nodes) - len(leaves) >= check_at:
            _refuse_endless(tree, check_at)
            check_at *= 2
    return leaves, TreeDef(tuple(nodes), len(leaves))


def unflatten(treedef: TreeDef, leaves: Sequence[Any]) -> Any:
    """The tree of this structure with these leaves, dicts in the order that they had.

    TraceError where their number is wrong.
    """
    if len(leaves) != treedef.leaf_count:
        raise TraceError(f"{treedef} has {treedef.leaf_count} leaves, got {len(leaves)}")
    if treedef is _FLAT_TUPLES.get(len(leaves)):
        return tuple(leaves)
    built: list[Any] = []
    remaining = list(leaves)
    for kind, data, arity in reversed(treedef.nodes):
        if kind is None:
            built.append(remaining.pop())
        else:
            children = built[: -arity - 1 : -1]
            del built[len(built) - arity :]
            built.append(kind.build(data, children))
    return built[0]


def paths(treedef: TreeDef, root: str = "") -> list[str]:
    """How each leaf is reached, for messages: `params['layer1'].w[0]` for root `params`.

    The middle of a path beyond 240 characters is left out.
    """
    named = zip(treedef.nodes, _node_paths(treedef, root), strict=True)
    return [path for (kind, _, _), path in named if kind is None]


def map_tree(f: Callable[..., Any], tree: Any, *rest: Any) -> Any:
    """The tree of f(leaf, *leaves at the same place in rest); all of one structure, or TraceError.

    >>> map_tree(lambda a, b: a + b, {"x": 1, "y": (2, 3)}, {"x": 10, "y": (20, 30)})
    {'x': 11, 'y': (22, 33)}
    """
    leaves, treedef = flatten(tree)
    columns = [leaves]
    for number, other in enumerate(rest, start=2):
        other_leaves, other_treedef = flatten(other)
        if other_treedef != treedef:
            raise TraceError(f"tree {number} {describe_difference(treedef, other_treedef)}")
        columns.append(other_leaves)
    return unflatten(treedef, [f(*row) for row in zip(*columns, strict=True)])


def describe_difference(expected: TreeDef, got: TreeDef, root: str = "tree") -> str:
    """Where and how two structures first differ; meant to follow a name.

    `differs at tree['w']: expected a leaf, got list of 2`.
    """
    places = _node_paths(expected, root)
    for a, b, path in zip(expected.nodes, got.nodes, places, strict=False):
        if a != b:
            return f"differs at {path}: expected {_node_text(a, b)}, got {_node_text(b, a)}"
    return "is the same"


def _node_paths(treedef: TreeDef, root: str) -> list[str]:
    """The path of every node, in the order of the nodes."""
    result: list[str] = []
    pending = [root]
    for kind, data, arity in treedef.nodes:
        path = pending.pop()
        if len(path) > MAX_PATH:
            path = f"{path[: MAX_PATH // 2]}...{path[-MAX_PATH // 3 :]}"
        result.append(path)
        if kind is not None:
            pending += [path + kind.access(data, i) for i in reversed(range(arity))]
    return result


def _node_text(node: Node, other: Node) -> str:
    """What a node is, in the words that tell it from the other one."""
    kind, data, arity = node
    if kind is None:
        return "a leaf"
    if kind.type is type(None):
        return "None"
    name = kind.type.__name__
    if kind is not other[0] or data == other[1]:
        return f"{name} of {arity}"
    own, others = (value if isinstance(value, tuple) else (value,) for value in (data, other[1]))
    extra = [item for item in own if item not in others]
    missing = [item for item in others if item not in own]
    wording = _listed("with", extra) or _listed("without", missing) or _listed("with", own)
    return f"{name} {wording}"


def _listed(word: str, items: Sequence[Any]) -> str:
    return f"{word} {', '.join(map(repr, items))}" if items else ""


def _unhashable_text(treedef: TreeDef) -> str:
    for (kind, data, _), path in zip(treedef.nodes, _node_paths(treedef, "tree"), strict=True):
        try:
            hash(data)
        except TypeError:
            name = kind.type.__qualname__ if kind is not None else "a leaf"
            return f"static data of {name} at {path} must be hashable, got {data!r}"
    return f"{treedef} is not hashable"


def _refuse_endless(tree: Any, count: int) -> None:
    """Raises TraceError where a container is inside itself, or there are too many."""
    if count > MAX_CONTAINERS:
        fail(TraceError, f"the tree has more than {MAX_CONTAINERS} containers")
    opened: set[int] = set()
    done: set[int] = set()
    pending: list[tuple[Any, bool]] = [(tree, False)]
    while pending:
        part, leaving = pending.pop()
        if leaving:
            opened.discard(id(part))
            done.add(id(part))
        elif (kind := kind_of(type(part))) is not None and id(part) not in done:
            if id(part) in opened:
                fail(TraceError, f"{described(part)} contains itself")
            opened.add(id(part))
            pending.append((part, True))
            pending += [(child, False) for child in kind.flatten(part)[0]]


def _flat_tuple(arity: int) -> TreeDef:
    """The structure of a tuple of leaves: shared, as most calls have one."""
    treedef = TreeDef(((TUPLE, None, arity), *[_LEAF] * arity), arity)
    return _FLAT_TUPLES.setdefault(arity, treedef)


_FLAT_TUPLES: dict[int, TreeDef] = {}
