"""A small valid function for each row of the op table, as text."""

from functools import cache
from pathlib import Path

from jitflow.errors import DtypeError
from jitflow.ir.dtypes import DTYPES
from jitflow.ir.parser import parse_module
from jitflow.ir.printer import format_function
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import TensorType


@cache
def written():
    """The functions of samples.ir by the row that they hold."""
    file = Path(__file__).with_name("samples.ir")
    return {f.name: format_function(f) for f in parse_module(file.read_text(), str(file))}


def sample(name):
    """The text of a function that holds one op of this row."""
    if name in written():
        return written()[name]
    row = ROWS[name]
    if row.family is Family.REDUCE:
        dtype = "bool" if name in ("reduce_any", "reduce_all") else "f32"
        body = f"%x: {dtype}[2, 3]) {{\n%0: {dtype}[2] = {name} %x {{axes=[1]}}"
        return f"func @{name}({body}\nreturn %0\n}}\n"
    if row.family is Family.CUMULATIVE:
        body = f"%x: f32[2, 3]) {{\n%0: f32[2, 3] = {name} %x {{axis=1}}"
        return f"func @{name}({body}\nreturn %0\n}}\n"
    assert row.family is Family.ELEMENTWISE, f"{name} needs a sample in samples.ir"
    dtype = accepted(row)[0]
    names = [f"%a{index}" for index in range(row.arity)]
    params = ", ".join(f"{value}: {dtype}[3]" for value in names)
    (result,) = row.infer((TensorType(dtype, (3,)),) * row.arity, {}, ())
    body = f"%0: {result} = {name} {', '.join(names)}"
    return f"func @{name}({params}) {{\n{body}\nreturn %0\n}}\n"


def accepted(row):
    """The dtypes that an elementwise row without attributes takes for all operands."""
    found = []
    for dtype in DTYPES.values():
        try:
            row.infer((TensorType(dtype, (3,)),) * row.arity, {}, ())
        except DtypeError:
            continue
        found.append(dtype)
    return found


def plain_rows():
    """Elementwise rows whose operands have one dtype, without attributes."""
    return [
        row
        for row in ROWS.values()
        if row.family is Family.ELEMENTWISE and not row.attributes and row.name != "select"
    ]


