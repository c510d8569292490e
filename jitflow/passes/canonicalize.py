"""canonicalize: applies the simplification rules. Which they are is in rules.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from jitflow.forks import computed
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value, walk
from jitflow.ir.location import Locations, unite
from jitflow.ir.row import ROWS, Family, OpRow
from jitflow.passes.constants import splat
from jitflow.passes.pattern import Bindings, Rule
from jitflow.passes.rewrite import Sweep, count_uses, operands_of_products
from jitflow.passes.rules import RULES

_CHECK = ROWS["check"]


def canonicalize(function: Function, *, fast: bool = False) -> Function:
    """Brings ops into one form among equal ones, never at a higher cost.

        %0: f32[2] = neg %x
        %1: f32[2] = neg %0
        %2: f32[2] = sub %1, %zero      ->      (every use of %2 is one of %x)

    fast: also the rules that may change the last bits, or NaN and signed zeros. What is not used
    any more stays for dce. One forward sweep: what a rule makes is visited again at once.
    """
    return Canonicalizer(_tables(fast), function).function(function)


class RowRules(NamedTuple):
    """The rules of one row: those that ask for the producer of an operand, and the others."""

    by_operand: tuple[Mapping[OpRow, Sequence[Rule]], ...]
    always: Sequence[Rule]


Tables = Mapping[OpRow, RowRules]


class RuleBuilder(Builder):
    """Builds what a rule makes; knows which products may take another form."""

    def __init__(self, may_change: Callable[[Value], bool]) -> None:
        super().__init__()
        self.may_change = may_change


class Canonicalizer(Sweep):
    """The sweep; `fired` counts the rules that were applied."""

    def __init__(self, tables: Tables, function: Function) -> None:
        super().__init__()
        self.tables = tables
        self.original = function
        self.fired: Counter[str] = Counter()
        self.products: dict[Value, Value] = {}
        self.builder = RuleBuilder(self.may_change)

    def visit(self, op: Op) -> None:
        fresh = self.remap(op)
        if op.row is _CHECK and _holds(fresh.operands[0]):
            return
        rules = self.tables.get(op.row)
        result = self.simplify(fresh, rules) if rules is not None else None
        if result is not None:
            self.replace(op, (result,))
            return
        self.out.append(fresh)
        if op.row.family is Family.CONTRACTION:
            self.products[fresh.results[0]] = op.results[0]

    def simplify(self, op: Op, rules: RowRules) -> Value | None:
        """What the first rule that holds makes of `op`; None if none does."""
        for operand, table in zip(op.operands, rules.by_operand, strict=False):
            if operand.op is not None and operand.op.row in table:
                for rule in table[operand.op.row]:
                    found = rule.match(op)
                    if found is not None and (result := self.apply(rule, op, found)) is not None:
                        return result
        for rule in rules.always:
            found = rule.match(op)
            if found is not None and (result := self.apply(rule, op, found)) is not None:
                return result
        return None

    def apply(self, rule: Rule, op: Op, found: Bindings) -> Value | None:
        """The rule's result, after what it built was visited; None where it declines."""
        b = self.builder
        b.locations = self.locations(rule, op)
        result: Value | None = rule.make(b, op, found)
        made, b.ops = b.ops, []
        if result is None:
            return None
        self.fired[rule.name] += 1
        if made and result is made[-1].results[0]:
            result.name = op.results[0].name
        for fresh in made:
            self.visit(fresh)
        return self.values.get(result, result)

    def locations(self, rule: Rule, op: Op) -> Locations:
        """The lines of the op and of the producer that the rule takes in with it."""
        if rule.trigger is None:
            return op.locations
        producer = op.operands[rule.trigger[0]].op
        return unite(producer.locations, op.locations) if producer is not None else op.locations

    def may_change(self, value: Value) -> bool:
        """Whether another form of a product costs nothing, and changes no bit of another one.

        It has one use, and that is no product's, whose operands keep their layout.
        """
        product = self.products.get(value, value)
        return self.uses[product] == 1 and product not in self.read

    @computed
    def uses(self) -> Counter[Value]:
        return count_uses(self.original)

    @computed
    def read(self) -> set[Value]:
        return operands_of_products(list(walk(self.original.body)))


def _holds(condition: Value) -> bool:
    data = splat(condition)
    return data is not None and bool(data.item())


@cache
def _tables(fast: bool) -> Tables:
    return index_rules([rule for rule in RULES if rule.exact or fast])


def index_rules(rules: Sequence[Rule]) -> Tables:
    """The rules by row, and by the producer of the operand that they ask for."""
    by_row: dict[OpRow, list[Rule]] = {}
    for rule in rules:
        by_row.setdefault(rule.row, []).append(rule)
    return {row: _index_row(chosen) for row, chosen in by_row.items()}


def _index_row(rules: Sequence[Rule]) -> RowRules:
    triggers = [rule.trigger for rule in rules]
    count = max((trigger[0] + 1 for trigger in triggers if trigger is not None), default=0)
    by_operand: tuple[dict[OpRow, list[Rule]], ...] = tuple({} for _ in range(count))
    for rule, trigger in zip(rules, triggers, strict=True):
        if trigger is not None:
            by_operand[trigger[0]].setdefault(trigger[1], []).append(rule)
    return RowRules(by_operand, [r for r, t in zip(rules, triggers, strict=True) if t is None])
