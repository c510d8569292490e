"""`jitflow nodes`: the nodes of a graph as a table, and what a fetch runs of them."""

from __future__ import annotations

import argparse
from typing import Any

from jitflow.cli.files import write_text
from jitflow.cli.graphs import asked, find_graph
from jitflow.cli.locate import add_load
from jitflow.cli.output import add_json, json_text, table
from jitflow.errors import UsageError


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "nodes",
        help="list the nodes of a graph, and what a fetch runs",
        description="Lists the nodes of a graph: what each computes with and waits for, and its"
        " side effect. Nodes of equal step do not need each other. With a node to fetch: what"
        " runs then, its longest path, and the side effects that are off the path.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "graph", metavar="MODULE_OR_FILE:NAME", help="a graph, or a node of one to fetch"
    )
    parser.add_argument(
        "--fetch", action="append", default=[], metavar="NODE",
        help="a node to run, such as SGD/update; may be repeated",
    )  # fmt: skip
    parser.add_argument("--only-path", action="store_true", help="list only what then runs")
    add_json(parser)
    add_load(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    found = find_graph(arguments.graph)
    if found is None:
        raise UsageError(f"'{arguments.graph}' is a function; `jitflow viz` and `dump` show those")
    graph, nodes = found
    fetches = asked(graph, nodes, arguments.fetch)
    about = None if fetches is None else graph.explain(fetches)
    from jitflow.graph.explanation import COLUMNS, node_facts  # noqa: PLC0415  (slow to load)

    runs = None if about is None else set(about.runs)
    records = [node_facts(op, step, runs) for op, step in graph.steps().items()]
    if arguments.only_path:
        records = [record for record in records if record["runs"] != "no"]
    if arguments.json:
        write_text("-", json_text({"nodes": records, "run": about and _facts(about)}))
        return
    shown = [c for c in COLUMNS if c == "node" or any(record[c] for record in records)]
    text = table(shown, [[record[c] for c in shown] for record in records])
    write_text("-", f"{text}\n{about}\n" if about is not None else text)


def _facts(about: Any) -> dict[str, Any]:
    lists = ("fetched", "runs", "longest", "effects", "off_path", "feeds", "reads", "sets")
    return {name: [op.name for op in getattr(about, name)] for name in lists}
