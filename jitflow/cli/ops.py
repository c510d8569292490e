"""`jitflow ops`: the table of ops, or all that is known of one, with what code it becomes."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from jitflow.cli.colour import BOLD, highlight, paint
from jitflow.cli.files import write_text
from jitflow.cli.locate import add_load
from jitflow.cli.measured import COMPLEX, MEASURED
from jitflow.cli.output import add_json, json_text, table
from jitflow.errors import UsageError
from jitflow.ir.core import Function
from jitflow.ir.dtypes import bool_, f32, i64
from jitflow.ir.facts import ALGEBRA, derivative, error, takes
from jitflow.ir.kinds import Kind
from jitflow.ir.printer import format_function
from jitflow.ir.row import REQUIRED, ROWS, RULE_FAULTS, Family, OpRow
from jitflow.ir.types import TensorType
from jitflow.passes.expand import expansion
from jitflow.runtime.kernels import CONTROL, code_of, kernels

COLUMNS = ("op", "family", "takes", "error", "measured", "code", "derivative", "gives")


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "ops",
        help="list the ops",
        description="Lists the ops: operands and attributes, the error that is allowed, the"
        " greatest that was measured of f32 and f64, what code they become, whether they have a"
        " derivative. Errors are in last places of the result, those of sums of all moduli added"
        " up. Of one op: its facts and its expansion.",
        allow_abbrev=False,
    )
    parser.add_argument("name", nargs="?", metavar="OP", help="one op, with its expansion")
    parser.add_argument(
        "--family", choices=[f.value for f in Family], metavar="FAMILY", help="of one family only"
    )
    add_json(parser)
    add_load(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    rows = [r for r in ROWS.values() if arguments.family in (None, r.family.value)]
    if arguments.name is not None:
        rows = [_find(arguments.name)]
    if arguments.json:
        write_text("-", json_text([record(row) for row in rows]))
    elif arguments.name is not None:
        write_text("-", _describe(rows[0]))
    else:
        write_text("-", _list(sorted(rows, key=lambda row: (row.family.value, row.name))))


def record(row: OpRow) -> dict[str, str]:
    """The row by COLUMNS."""
    values = (
        row.name,
        row.family.value,
        takes(row).replace("`", ""),
        "" if row.family in CONTROL else error(row),
        _pair(MEASURED, row),
        code_of(row),
        derivative(row).replace("derivative", "yes"),
        row.doc,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _pair(measured: Mapping[str, tuple[float, float]], row: OpRow) -> str:
    return " ".join(f"{worst:.2f}" for worst in measured.get(row.name, ()))


def _sample(row: OpRow) -> Kind | None:
    """The row on scalars of a dtype that it takes; None where it has no expansion to show."""
    if row.expand is None or row.arity is None:
        return None
    if any(attribute.default is REQUIRED for attribute in row.attributes.values()):
        return None
    attrs = {name: attribute.default for name, attribute in row.attributes.items()}
    for dtype in (f32, i64, bool_):
        types = (TensorType(dtype),) * row.arity
        try:
            row.infer(types, attrs, ())
            return Kind(row, types, tuple(attrs.items()))
        except RULE_FAULTS:
            continue
    return None


def _list(rows: Sequence[OpRow]) -> str:
    return table(COLUMNS, [list(record(row).values()) for row in rows])


def _describe(row: OpRow) -> str:
    lines = [f"{paint(row.name, BOLD)}: {row.doc}", ""]
    algebra = ", ".join(fact for fact in ALGEBRA if getattr(row, fact))
    facts = {**record(row), "algebra": algebra, "no derivative": row.no_derivative}
    if row.name in COMPLEX:
        facts["complex"] = f"{row.normwise} ULP of the modulus, measured {_pair(COMPLEX, row)}"
    facts.update(_kernels(row))
    lines += [
        f"  {name:14}{value}"
        for name, value in facts.items()
        if value and name not in ("op", "gives")
    ]
    kind = _sample(row)
    if kind is not None:
        text = highlight(format_function(Function(row.name, expansion(kind))))
        lines += ["", f"expansion for {kind.types[0].dtype}:", text.rstrip()]
    return "\n".join(lines) + "\n"


def _kernels(row: OpRow) -> dict[str, str]:
    """By device, the dtypes that the op has kernels for."""
    dtypes: dict[str, list[str]] = {}
    for kernel in kernels(row.name):
        dtypes.setdefault(f"on {kernel.device}", []).append(kernel.dtype)
    return {device: " ".join(names) for device, names in dtypes.items()}


def _find(name: str) -> OpRow:
    if name in ROWS:
        return ROWS[name]
    near = difflib.get_close_matches(name, ROWS, 1)
    guess = f"; did you mean '{near[0]}'?" if near else ""
    raise UsageError(f"unknown op '{name}'{guess}\n  `jitflow ops` lists them")
