"""Graphs that commands are asked for: `MODULE_OR_FILE:NAME` of a graph, or of a node in one.

What is no graph is a function, and none of this file's.
"""

from __future__ import annotations

from typing import Any

import jitflow
from jitflow.cli.locate import calling, find_object
from jitflow.errors import UsageError, described


def find_graph(target: str) -> tuple[Any, list[Any]] | None:
    """The graph of this name, and the node if it names one; None for what is a function."""
    found = find_object(target)
    if callable(found):
        return None
    owner = getattr(found, "graph", found)
    if not isinstance(owner, jitflow.graph.Graph):
        raise UsageError(
            f"'{target}' is {described(found)}; expected a function, a graph or a node of one"
        )
    return owner, [] if owner is found else [found]


def asked(graph: Any, nodes: list[Any], names: list[str]) -> list[Any] | None:
    """The nodes to fetch: those that a target and `--fetch` name; None where nothing is.

    Names are of nodes, such as `loss` and `SGD/update`, or of outputs, such as `loss:0`.
    """
    with calling("--fetch"):
        found = [*nodes, *map(_finder(graph), names)]
    return found or None


def _finder(graph: Any) -> Any:
    return lambda name: (graph.get_tensor if ":" in name else graph.get_operation)(name)
