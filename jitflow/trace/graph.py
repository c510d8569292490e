"""A graph-level function as a networkx graph. Imports networkx when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitflow.ir.core import Function, Value

if TYPE_CHECKING:
    import networkx


def to_networkx(function: Function) -> networkx.MultiDiGraph:
    """A node per parameter and op in program order, an edge per use of a value.

    Nodes are numbers from 0 on, with the attributes `op` ("parameter" for one), `name`, `type`
    (the text of the result types), `location` ("" or file:line), `attrs`, and `result`, the
    positions at which the function returns it. Edges carry `operand`, the position in the user,
    and `output`, which result of the producer is used. Regions of an op are not entered.
    """
    import networkx  # noqa: PLC0415

    graph = networkx.MultiDiGraph(name=function.name)
    made_by: dict[Value, tuple[int, int]] = {}
    for param in function.params:
        _add(graph, made_by, (param,), op="parameter", name=param.name, location="", attrs={})
    for op in function.ops:
        place = str(op.locations[0]) if op.locations else ""
        node = _add(
            graph, made_by, op.results, op=op.row.name, name="", location=place,
            attrs=dict(op.attrs),
        )
        for position, operand in enumerate(op.operands):
            producer, output = made_by[operand]
            graph.add_edge(producer, node, operand=position, output=output)
    for position, value in enumerate(function.results):
        graph.nodes[made_by[value][0]]["result"].append(position)
    return graph


def _add(graph: Any, made_by: dict[Value, tuple[int, int]], values: Any, **facts: Any) -> int:
    node = graph.number_of_nodes()
    graph.add_node(node, type=", ".join(str(v.type) for v in values), result=[], **facts)
    for output, value in enumerate(values):
        made_by[value] = node, output
    return node
