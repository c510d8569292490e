"""Classes of which only Python knows the parts, and what calls with them are asked."""

import dataclasses
from collections import namedtuple

import numpy as np

from jitflow.runtime.entry.callable import _stub
from jitflow.runtime.entry.words import Process
from jitflow.trace.pytree import flatten, register

Pair = namedtuple("Pair", "a b")


class Renamed(Pair):
    """A namedtuple with a class of its own."""


class Reversed(Pair):
    def __iter__(self):
        return reversed((self.a, self.b))


@dataclasses.dataclass
class Layer:
    w: object
    b: object


@dataclasses.dataclass(frozen=True, slots=True)
class Scaled:
    w: object
    by: object = dataclasses.field(default=3, metadata={"static": True})


@dataclasses.dataclass(kw_only=True)
class Late:
    w: object
    later: object = dataclasses.field(init=False, default=0.0)


class Hidden:
    """A dataclass's field that Python computes."""

    def __get__(self, instance, owner=None):
        return 1.0 if instance is None else instance.__dict__["w"] + 1

    def __set__(self, instance, value):
        instance.__dict__["w"] = value


@dataclasses.dataclass
class Computed:
    w: object = Hidden()


class Box:
    """A registered class; `on_flatten` runs when it is taken apart, `on_build` when it is made."""

    on_flatten = on_build = staticmethod(lambda box: None)

    def __init__(self, content, label=None):
        self.content, self.label = content, label

    def parts(self):
        type(self).on_flatten(self)
        return (self.content,), self.label

    @classmethod
    def make(cls, label, children):
        box = cls(children[0], label)
        cls.on_build(box)
        return box


register(Box, Box.parts, Box.make)


def calls(function):
    """How many calls ran the stub."""
    return function._entry.calls


def same(left, right):
    """The same structure, types and bits."""
    leaves, tree = flatten(left)
    wanted, wanted_tree = flatten(right)
    assert tree == wanted_tree
    assert list(map(type, leaves)) == list(map(type, wanted))
    for x, y in zip(leaves, wanted, strict=True):
        np.testing.assert_array_equal(x, y, strict=True)


def depth():
    """Calls that run Python, as the stub counts them."""
    return _stub()[1].memory[Process.DEPTH]
