"""Where the variables of layers are while a model is called: parts of its trees, one a layer.

A layer's place is fixed by the attributes that lead to it, whatever is called in which order; a
layer in two places has the first of them, and so one set of variables.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from jitflow import random
from jitflow.errors import ArgumentError, TraceError, described
from jitflow.random.initializers import Initializer
from jitflow.recording import Operand
from jitflow.trace.source import fail

if TYPE_CHECKING:
    from jitflow.nn.layer import Layer

Path = tuple[str, ...]
"""Names from the root of a model's trees: `("encoder", "dense_1")`."""


class Variables(NamedTuple):
    """What a layer computes with: a pytree. `params` are trained, `state` is kept beside them."""

    params: dict[str, Any]
    state: dict[str, Any]


class Frame:
    """The part of the trees that is one layer's, during one call of a model."""

    def __init__(self, call: Call, path: Path, params: dict[str, Any], state: dict[str, Any]):
        self.call = call
        self.path = path
        self.params = params
        self.state = state
        self.is_frozen = call.is_frozen(path)
        self.unnamed: dict[str, int] = {}
        """How many layers by a name were made by the layer's `forward` so far."""

    @property
    def title(self) -> str:
        """The place as errors show it: `encoder/dense_1/`, nothing for the root."""
        return "".join(f"{name}/" for name in self.path)

    def inner(self, name: str) -> Frame:
        """The frame of a layer within."""
        creates = self.call.creates
        if not isinstance(self.params.get(name, {}), dict):
            self._refuse_clash(name)
        if not creates and name not in self.params and name not in self.state:
            fail(ArgumentError, f"no parameters for {self.title}{name}", cure="make them by init()")
        if creates:
            self.params.setdefault(name, {})
        own = dict(self.state.get(name, {}))
        if creates or name in self.state:
            self.state[name] = own
        return Frame(self.call, (*self.path, name), self.params.get(name, {}), own)

    def next_name(self, name: str) -> str:
        """A name for a layer that no attribute leads to, by the order of such layers."""
        count = self.unnamed.get(name, 0)
        self.unnamed[name] = count + 1
        full = f"{name}_{count}" if count else name
        is_taken = (*self.path, full) in self.call.named
        return self.next_name(name) if is_taken else full

    def numbers(
        self, tree: dict[str, Any], name: str, shape: Sequence[int], initializer: Initializer,
        dtype: Any,
    ) -> Any:
        """The array of this name in `params` or `state`, made first where the call creates."""
        if isinstance(tree.get(name), dict):
            self._refuse_clash(name)
        if self.call.creates and name not in tree:
            tree[name] = initializer(self.call.key(), tuple(shape), dtype)
        if name not in tree:
            fail(ArgumentError, f"no {self.title}{name}", cure="make the variables by init()")
        found = tuple(getattr(tree[name], "shape", ()))
        if found != tuple(shape):
            shapes = [found, tuple(shape)]
            fail(ArgumentError, f"{self.title}{name} was made for another input", shapes=shapes)
        return tree[name]

    def _refuse_clash(self, name: str) -> NoReturn:
        problem = f"{self.title}{name} is a layer and an array"
        fail(ArgumentError, problem, cure="another name for one of them")


class Call:
    """One call of a model: its layers, their frames, and what holds for all of them."""

    def __init__(
        self, root: Layer, variables: Any, creates: bool, training: bool, key: Any
    ) -> None:
        if not isinstance(variables, Variables):
            problem = f"expected Variables, got {described(variables)}"
            fail(ArgumentError, problem, cure="what init gives, or Variables(params, state)")
        self.creates = creates
        self.training = training
        self.is_asked = False
        """Whether a layer asked if this is a step of training."""
        self.places: dict[int, tuple[Layer, Path]] = {}
        """By a layer's id; holds the layer, so that no other one gets the id."""
        self.named: dict[Path, Layer] = {}
        self._key = key
        self._draws = 0
        self._enter(root, ())
        self.frames: dict[Path, Frame] = {}
        self.frames[()] = Frame(self, (), variables.params, dict(variables.state))

    def _enter(self, root: Layer, path: Path) -> None:
        """Places a layer and those that its attributes lead to."""
        pending = [(root, path)]
        while pending:
            layer, path = pending.pop()
            if id(layer) not in self.places:
                self.places[id(layer)] = layer, path
                self.named[path] = layer
                inner = layer.children().items()
                pending += [(child, (*path, name)) for name, child in inner][::-1]

    def frame(self, layer: Layer, outer: Frame) -> Frame:
        """A layer's frame; `outer` is that of the layer whose `forward` calls it."""
        if id(layer) not in self.places:
            if not layer.trainable:
                fail(ArgumentError, f"a frozen {layer.name} is made in forward", cure="in __init__")
            path = (*outer.path, outer.next_name(layer.name))
            self._enter(layer, path)
        return self._at(self.places[id(layer)][1])

    def _at(self, path: Path) -> Frame:
        if path not in self.frames:
            self.frames[path] = frame = self._at(path[:-1]).inner(path[-1])
            own = getattr(self.named[path], "variables", None) if self.creates else None
            if own is not None:  # a model that has variables already brings them along
                frame.params.update(copied(own.params))
                frame.state.update(copied(own.state))
        return self.frames[path]

    def is_frozen(self, path: Path) -> bool:
        """Whether training leaves alone what lies at a place: its layer, or one around it."""
        layers = (self.named.get(path[:size]) for size in range(len(path) + 1))
        return any(layer is not None and not layer.trainable for layer in layers)

    def key(self) -> Any:
        """A key for random numbers, another one each time."""
        if self._key is None:
            fail(ArgumentError, "a call that draws random numbers needs key=")
        self._draws += 1
        if isinstance(self._key, Operand):
            return self._key._record("fold_in", random.fold_in, (self._key, self._draws), {})
        return random.fold_in(self._key, self._draws)


class Watched:
    """The layers of a model, and which of them were to be trained."""

    def __init__(self, call: Call) -> None:
        self.layers = list(call.named.values())
        self.were_trainable = [layer.trainable for layer in self.layers]

    @property
    def have_changed(self) -> bool:
        """Whether `trainable` of one was set since."""
        return self.were_trainable != [layer.trainable for layer in self.layers]


def copied(tree: Any) -> Any:
    """A tree of dicts as new dicts of the same arrays."""
    return {k: copied(x) for k, x in tree.items()} if isinstance(tree, dict) else tree


def without(tree: Any, call: Call, path: Path = ()) -> Any:
    """A tree of parameters without the frozen ones."""
    if not isinstance(tree, dict):
        return tree
    kept = {k: x for k, x in tree.items() if not call.is_frozen((*path, k))}
    return {k: without(x, call, (*path, k)) for k, x in kept.items()}


def merged(tree: Any, new: Any) -> Any:
    """A tree with what another one, with fewer parts, has in place of its own."""
    if not isinstance(tree, dict):
        return new
    return {k: merged(x, new[k]) if k in new else x for k, x in tree.items()}


class _Current(threading.local):
    frame: Frame | None = None


CURRENT = _Current()


def current(name: str) -> Frame:
    """The frame of the layer whose `forward` runs."""
    if CURRENT.frame is None:
        fail(TraceError, f"{name} is called outside of a model", cure="use init and apply")
    return CURRENT.frame
