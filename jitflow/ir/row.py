"""What an op is: one `OpRow` per op, in one table.

From its row follow the builder method, the tracer's operator, the text form, verification,
interpretation, folding, simplification, derivatives and code. A row imports no pass and no LLVM:
derivatives, transposes and expansions get the builder they write to as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from jitflow.errors import JitflowError
from jitflow.ir.attributes import KINDS
from jitflow.ir.batching import BatchRule, batch_along_axes, batch_elementwise
from jitflow.ir.derivative import Rule, jvp_linear, jvp_multilinear
from jitflow.ir.halves import in_f32


class Effect(Enum):
    """What an op does beside computing its results; CSE, pruning and motion ask this only."""

    NONE = "none"
    READS = "reads"
    WRITES = "writes"
    ALLOCATES = "allocates"
    ORDERED = "ordered"


class Family(Enum):
    """Ops of one family are lowered by one mechanism."""

    ELEMENTWISE = "elementwise"
    CREATION = "creation"
    VIEW = "view"
    REDUCE = "reduce"
    CUMULATIVE = "cumulative"
    CONTRACTION = "contraction"
    INDEXING = "indexing"
    LIBRARY = "library"
    STRUCTURED = "structured"
    CHECK = "check"
    LOOP = "loop"


class Required:
    """The default of an attribute that must be given."""


REQUIRED = Required()


class Attribute(NamedTuple):
    """One attribute of a row; its kind is one of attributes.KINDS."""

    kind: str
    default: Any = REQUIRED


_NO_ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class OpRow:
    """One op, whole.

    Shape and dtype
        infer(types, attrs, regions) -> result types, or raises a ShapeError or DtypeError.
        arity is the number of operands, None where any number is allowed.
    Meaning
        reference(*arrays, **attrs) -> array: NumPy; elementwise over tensors, scalars, vectors.
        exact: the compiled result equals the reference bit for bit; else within `ulp`.
        split(b, *operands, **attrs): the row on complex numbers as their parts (see parts.py);
        a linear row without it is done to each part. normwise: the error of a complex result in
        units in the last place of its modulus, 0 where it is exact, inf where it grows with size.
        keeps_halves: takes f16 and bf16 as they are, since it moves them or reads their bits;
        other rows compute on them in f32 and round the result once, which the reference that is
        given need not know.
    Derivative
        linear: operand indices in which the op is jointly linear, the others fixed; or "all", or
        a function of the op that gives them;
        multilinear: operand indices in each of which it is linear alone (mul, dot_general);
        transpose(b, cotangent, op, index) -> cotangent of operand `index`, one of those; of a
        row with regions: transpose(b, cotangents, op, indices) -> those of operands `indices`;
        accumulate(b, total, op) -> total + the result of an op whose first operand is zero, for
        rows that touch a part of it only; None declines;
        jvp(b, op, tangents) -> the result's tangent in linear ops, None standing for zero (a
        tuple of them where there are several results);
        it follows from linear or multilinear where the row gives none (see derivative.py);
        no_derivative: why there is no jvp (the derivative is 0, or the op holds regions);
        refuses_derivative: that is no 0, and to want one is an error.
    Batching
        batch(b, op, operands, batched) -> the results on operands with a batch axis as axis 0
        where `batched` says so; at least one has it, and all results get it (see batching.py).
        Elementwise and library rows repeat what has none, reductions and cumulative rows count
        their axes one up; rows of other families give it, but for those that never meet a batch,
        or hold regions.
    Code: expand(b, *operands, **attrs) -> value in level-3 ops; None for a primitive of level 3.
    cost: of one element, in additions.
    What passes ask of every op follows from these: is_pure, has no effect; acts, does something
    beside computing its results; is_elementwise; widens_halves, computes on f16 and bf16 in f32.
    """

    name: str
    family: Family
    arity: int | None
    infer: Callable[[tuple[Any, ...], Mapping[str, Any], tuple[Any, ...]], tuple[Any, ...]]
    doc: str
    reference: Callable[..., Any] | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=lambda: _NO_ATTRIBUTES)
    exact: bool = True
    ulp: float = 0.0
    normwise: float = 0.0
    split: Callable[..., Any] | None = None
    keeps_halves: bool = False
    effect: Effect = Effect.NONE
    regions: int = 0
    captures: bool = False
    commutative: bool = False
    associative: bool = False
    idempotent: bool = False
    involution: bool = False
    identity: Callable[[Any], Any] | None = None
    linear: tuple[int, ...] | Literal["all"] | Callable[[Any], Sequence[int]] | None = None
    multilinear: tuple[int, ...] | None = None
    jvp: Rule | None = None
    no_derivative: str = ""
    refuses_derivative: bool = False
    transpose: Callable[..., Any] | None = None
    accumulate: Callable[[Any, Any, Any], Any] | None = None
    batch: BatchRule | None = None
    expand: Callable[..., Any] | None = None
    cost: int = 1
    is_pure: bool = field(init=False)
    acts: bool = field(init=False)
    is_elementwise: bool = field(init=False)
    widens_halves: bool = field(init=False)

    def __post_init__(self) -> None:
        facts = {
            "is_pure": self.effect is Effect.NONE,
            "acts": self.effect in (Effect.WRITES, Effect.ORDERED),
            "is_elementwise": self.family is Family.ELEMENTWISE,
            "widens_halves": not self.keeps_halves and self.family not in _MOVES,
        }
        for name, fact in facts.items():
            object.__setattr__(self, name, fact)

    def __repr__(self) -> str:
        return f"<row {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return row_by_name, (self.name,)

    def is_exact_on(self, dtypes: Iterable[Any]) -> bool:
        """Whether results equal the reference to the bit for operands of these dtypes."""
        exact = self.exact and not self.normwise
        return exact or not any(d.kind == "c" or not self.exact and d.is_inexact for d in dtypes)

ROWS: dict[str, OpRow] = {}


def row_by_name(name: str) -> OpRow:
    return ROWS[name]


_MOVES = frozenset(
    (Family.CREATION, Family.VIEW, Family.STRUCTURED, Family.CHECK, Family.LOOP)
)
"""Families whose rows compute no numbers."""

_BATCH_OF_FAMILY: Mapping[Family, BatchRule] = {
    Family.ELEMENTWISE: batch_elementwise,
    Family.REDUCE: batch_along_axes,
    Family.CUMULATIVE: batch_along_axes,
    Family.LIBRARY: batch_elementwise,
}
_WITHOUT_BATCH = frozenset((Family.CREATION, Family.STRUCTURED, Family.CHECK, Family.LOOP))

RULE_FAULTS = (JitflowError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a type rule may raise: its own errors, or Python's on types that it did not foresee."""


def fault_text(row: OpRow, operands: Sequence[Any], error: Exception) -> str:
    """What a fault of the row's type rule on these operands says to the author of the IR."""
    if isinstance(error, JitflowError):
        return f"{row.name}: {error}"
    types = ", ".join(str(value.type) for value in operands)
    return f"{row.name} does not take operands ({types}) with these attributes: {error}"


def _complete(row: OpRow, name: str, value: Any) -> None:
    """Gives a row that nobody has yet what follows from the rest of it; a copy takes longer, and
    each process makes all rows.
    """
    object.__setattr__(row, name, value)


def register(row: OpRow) -> OpRow:
    """Adds a row to the table; a name twice or a row without derivative or batching is refused."""
    if row.name in ROWS:
        raise ValueError(f"op '{row.name}' is registered twice")
    is_linear = row.linear is not None or row.multilinear is not None
    if is_linear and row.transpose is None:
        raise ValueError(f"op '{row.name}' is linear and has no transpose")
    if is_linear and row.jvp is None:
        _complete(row, "jvp", jvp_linear if row.linear is not None else jvp_multilinear)
    if row.reference is not None and row.widens_halves:
        _complete(row, "reference", in_f32(row.reference))
    if row.batch is None and row.family in _BATCH_OF_FAMILY:
        _complete(row, "batch", _BATCH_OF_FAMILY[row.family])
    if (row.jvp is None) == (row.no_derivative == ""):
        raise ValueError(f"op '{row.name}' must state a derivative, or why there is none")
    if row.batch is None and row.family not in _WITHOUT_BATCH:
        raise ValueError(f"op '{row.name}' must say how it is batched")
    for name, attribute in row.attributes.items():
        if attribute.kind not in KINDS:
            raise ValueError(f"attribute '{name}' of an unknown kind '{attribute.kind}'")
    ROWS[row.name] = row
    return row
