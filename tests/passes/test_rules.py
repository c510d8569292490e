"""The simplification rules: each one fires, and the exact ones keep every bit.

A rule over values is proven by trying it: its pattern is built for every dtype that it takes, run
on all combinations of special values, and compared with what the rule makes of it.
"""

import ast
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from jitflow.errors import JitflowError
from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import bf16, bool_, c64, f16, f32, f64, i8, i32, u8
from jitflow.ir.interpreter import interpret
from jitflow.ir.parser import parse_function
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import TensorType
from jitflow.ir.verifier import verify
from jitflow.passes.canonicalize import Canonicalizer, index_rules
from jitflow.passes.rules import RULES
from jitflow.testing import read_cases
from tests.support.programs import assert_same_bits, in_order

HERE = Path(__file__).parent
DTYPES = (f32, f64, f16, bf16, i8, i32, u8, bool_, c64)
FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.7, 1e-40, 6e-8, 3e38, -6e4, np.inf, -np.inf, np.nan)


def rows_of(rule):
    """The rows in a rule's pattern."""
    names = [n.func.id for n in ast.walk(ast.parse(rule.pattern)) if isinstance(n, ast.Call)]
    return [ROWS[name.rstrip("_")] for name in names]


VALUE_RULES = [
    rule
    for rule in RULES
    if rule.exact
    and all(row.family is Family.ELEMENTWISE and not row.attributes for row in rows_of(rule))
]


def test_no_rule_stands_twice():
    seen = Counter((rule.name, rule.pattern) for rule in RULES)
    assert max(seen.values()) == 1


def test_every_rule_fires_in_a_text_test():
    """A rule that never fires is dead, or hidden behind another one: give it a case, or drop it."""
    fired = Counter()
    for path in sorted(HERE.glob("canonicalize*.jf")):
        for case in read_cases(path.read_text(), str(path)):
            function = parse_function(case.text, case.file)
            fast = "fast=true" in case.passes
            tables = index_rules([rule for rule in RULES if rule.exact or fast])
            sweep = Canonicalizer(tables, function)
            sweep.function(function)
            fired.update(sweep.fired)
    assert not [rule.name for rule in RULES if rule.name not in fired]


@pytest.mark.parametrize("rule", VALUE_RULES, ids=lambda rule: rule.name)
def test_exact_rule_keeps_every_bit(rule):
    fired = 0
    for dtype in DTYPES:
        for constants in product(special(dtype), repeat=len(set("CD") & set(rule.pattern))):
            fired += check_rule(rule, dtype, constants)
    assert fired


def check_rule(rule, dtype, constants):
    """Compares the pattern with what the rule makes of it; whether it makes anything of it."""
    tree = ast.parse(rule.pattern, mode="eval").body
    letters = sorted({n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} & set("xyzc"))
    types = [bool_ if letter == "c" else dtype for letter in letters]
    columns = list(product(*(special(t) for t in types)))
    b = Builder()
    values = {
        letter: b.param(TensorType(t, (len(columns),)), letter)
        for letter, t in zip(letters, types, strict=True)
    }
    like = b.nested([TensorType(dtype, (len(columns),))]).params[0]
    for letter, constant in zip("CD", constants, strict=False):
        values[letter] = b.full_like(like, constant)
    try:
        pattern = b.build("pattern", [build(b, tree, values, like)])
    except (JitflowError, OverflowError, ValueError, TypeError):
        return False  # a dtype that the rows do not take
    sweep = Canonicalizer(index_rules([rule]), pattern)
    function = verify(sweep.function(pattern))
    arrays = [
        np.array([column[k] for column in columns]).astype(t.numpy) for k, t in enumerate(types)
    ]
    assert_same_bits(
        interpret(function, arrays, evaluate=in_order), interpret(pattern, arrays, in_order)
    )
    return bool(sweep.fired)


def build(b, node, values, like):
    """A pattern as ops: letters are `values`, numbers are constants like the letters'."""
    if isinstance(node, ast.Name):
        return values[node.id]
    if not isinstance(node, ast.Call):
        return b.full_like(like, ast.literal_eval(node))
    row = ROWS[node.func.id.rstrip("_")]
    operands = []
    for place, operand in enumerate(node.args):
        if isinstance(operand, ast.Name) and operand.id == "unit":
            operands.append(b.full_like(like, row.identity(like.type.dtype)))
        elif row.name == "select" and place == 0 and isinstance(operand, ast.Constant):
            operands.append(b.full_like(like, operand.value, bool_))
        else:
            operands.append(build(b, operand, values, like))
    return b.emit(row, tuple(operands)).result


def special(dtype):
    """Values at which rules go wrong."""
    if dtype.kind == "b":
        return (False, True)
    if dtype.is_integer:
        info = np.iinfo(dtype.numpy)
        return tuple(sorted({max(info.min, -1), 0, 1, 2, 7, info.min, info.max}))
    return FLOATS
