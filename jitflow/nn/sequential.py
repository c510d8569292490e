"""Layers one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from jitflow.errors import ArgumentError
from jitflow.nn.layer import Layer
from jitflow.nn.model import Model
from jitflow.trace.source import fail


class Sequential(Model):
    """Layers one after the other; functions count as layers."""

    def __init__(self, layers: Iterable[Layer | Callable[[Any], Any]]) -> None:
        self.layers = list(layers)
        for layer in self.layers:
            if not callable(layer):
                fail(ArgumentError, f"{layer!r} is no layer and no function")
            if isinstance(layer, type):
                name = layer.__name__
                fail(ArgumentError, f"{name} is a class, not a layer", cure=f"{name}(...)")

    def children(self) -> dict[str, Layer]:
        """Its layers by their own names, numbered where there are several of one."""
        counts: dict[str, int] = {}
        found: dict[str, Layer] = {}
        for layer in dict.fromkeys(x for x in self.layers if isinstance(x, Layer)):
            count = counts.get(layer.name, 0)
            counts[layer.name] = count + 1
            found[f"{layer.name}_{count}" if count else layer.name] = layer
        return found

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x
