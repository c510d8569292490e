"""What sessions and models give to be exported: a function of named state and of inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Program(NamedTuple):
    """A function that keeps something from call to call.

    function: `function(state, *inputs)` gives results, a dict of what is new of the state, and a
    list of what is to be printed, a list of values for each of `prints`: what stands before them,
    and how many elements each of them shows, all where that is negative.
    state: dicts of trees; examples, or specs of what has no value yet. initial: its values.
    inputs: examples or specs by name.

    An object with `__jitflow_program__(*args)`, which gives one, can be exported.
    """

    name: str
    function: Callable[..., Any]
    state: Mapping[str, Any]
    initial: Mapping[str, Any]
    inputs: Mapping[str, Any]
    prints: Callable[[], tuple[tuple[str, int], ...]]
    """Asked when the function has been traced."""
