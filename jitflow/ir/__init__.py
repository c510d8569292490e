"""The IR: types, the op table, functions, builder, text, verifier, reference interpreter.

Re-exports what users of the IR need; rows and their helpers are in the files. Text, verifier and
interpreter load with first use.
"""

from typing import TYPE_CHECKING

from jitflow.first_use import loader
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType, TensorType, TokenType, Type, VectorType

if TYPE_CHECKING:
    from jitflow.ir.interpreter import interpret
    from jitflow.ir.parser import parse_function, parse_module, parse_type
    from jitflow.ir.printer import format_function
    from jitflow.ir.verifier import verify

__all__ = [
    "ROWS",
    "BufferType",
    "Builder",
    "Function",
    "Op",
    "Region",
    "TensorType",
    "TokenType",
    "Type",
    "Value",
    "VectorType",
    "format_function",
    "interpret",
    "parse_function",
    "parse_module",
    "parse_type",
    "verify",
    "walk",
]

__getattr__ = loader(__name__, {
    "interpreter": ("interpret",),
    "parser": ("parse_function", "parse_module", "parse_type"),
    "printer": ("format_function",),
    "verifier": ("verify",),
})  # fmt: skip
