"""x * y + z, rounded once, of CPUs without the instruction: LLVM text for whole vectors.

The usual way has few steps. It ends in the question whether some lane is one of those few for which
it may be wrong; then another block, which is seldom entered, computes the vector anew. Steps are
lines over the locals `%x`, `%y`, `%z` and `%result`. They begin in the block `%here` and end in
`done`. What is needed of x or y alone are steps of their own, as others may have need of it too.
"""

from __future__ import annotations

from jitflow.codegen.soft_any_fma import ANY_FMA_NAME

DONE = "done"
PARTS = {32: ("wide",), 64: ("high", "low")}
"""What is needed of x or y alone, by bits: `%x.wide`."""
_SELDOM = '!prof !{!"branch_weights", i32 1, i32 1000}'


def of(lanes: int, element: str) -> str:
    """The type of a vector, or of a number where there are no lanes."""
    return f"<{lanes} x {element}>" if lanes else element


def splat(lanes: int, element: str, number: str) -> str:
    """A literal with one number in every lane."""
    return f"splat ({element} {number})" if lanes else number


def part_steps(x: str, lanes: int, bits: int) -> list[str]:
    """The steps to the parts of x, or of y."""
    text = of(lanes, "double")
    if bits == 32:
        return [f"  %{x}.wide = fpext {of(lanes, 'float')} %{x} to {text}"]
    split = splat(lanes, "double", "0x41A0000002000000")  # 2**27 + 1
    return [
        f"  %{x}.split = fmul {text} %{x}, {split}",
        f"  %{x}.rest = fsub {text} %{x}.split, %{x}",
        f"  %{x}.high = fsub {text} %{x}.split, %{x}.rest",
        f"  %{x}.low = fsub {text} %{x}, %{x}.high",
    ]


def fma_steps(lanes: int, bits: int, rare: str) -> list[str]:
    """The steps; rare: the function of f64 that takes each lane alone."""
    return _fma_32(lanes) if bits == 32 else _fma_64(lanes, rare)


def _fma_32(lanes: int) -> list[str]:
    """In float64, where the product is exact.

    Rounding the sum again is right but for ties, and below the normal numbers; there the sum is
    rounded to odd.

    Method: S. Boldo, G. Melquiond, Emulation of FMA and correctly rounded sums (2008).
    """
    narrow, wide = of(lanes, "float"), of(lanes, "double")
    whole, half, flag = of(lanes, "i64"), of(lanes, "i32"), of(lanes, "i1")

    def every(number: int) -> str:
        return splat(lanes, "i32", str(number))

    return [
        f"  %z.wide = fpext {narrow} %z to {wide}",
        f"  %product = fmul {wide} %x.wide, %y.wide",
        f"  %near = fadd {wide} %product, %z.wide",
        f"  %usual = fptrunc {wide} %near to {narrow}",
        f"  %near.bits = bitcast {wide} %near to {whole}",
        f"  %near.low = trunc {whole} %near.bits to {half}",
        f"  %cut = and {half} %near.low, {every((1 << 29) - 1)}",
        f"  %is.tie = icmp eq {half} %cut, {every(1 << 28)}",
        f"  %usual.bits = bitcast {narrow} %usual to {half}",
        f"  %usual.size = and {half} %usual.bits, {every((1 << 31) - 1)}",
        f"  %usual.below = sub {half} %usual.size, {every(1)}",
        f"  %is.small = icmp ult {half} %usual.below, {every(1 << 23)}",
        f"  %is.rare = or {flag} %is.tie, %is.small",
        *_any("rare", "%is.rare", lanes),
        f"  br i1 %rare, label %again, label %{DONE}, {_SELDOM}",
        "again:",
        *_sum_to_odd("odd", "%product", "%z.wide", lanes),
        f"  %exact = fptrunc {wide} %odd to {narrow}",
        f"  br label %{DONE}",
        f"{DONE}:",
        f"  %result = phi {narrow} [ %usual, %here ], [ %exact, %again ]",
    ]


def _fma_64(lanes: int, rare: str) -> list[str]:
    """By products and sums without error.

    What the sums z + (what p lost) and p + that sum lose are two numbers, `more` their sum. If that
    is not exact, and has so few bits that the end may be a tie, the vector is computed anew, by
    integers; so it is where something under- or overflowed. Errors are how much is too large, and
    are subtracted: one that is none is +0, which leaves a zero its sign.
    Methods: T. Dekker, A floating-point technique (1971); Boldo and Melquiond as above.
    """
    text, whole, flag = of(lanes, "double"), of(lanes, "i64"), of(lanes, "i1")
    kind = f"v{lanes}f64" if lanes else "f64"
    zero, infinity, least = (
        splat(lanes, "double", number)
        for number in ("0.0", "0x7FF0000000000000", "0x07B0000000000000")
    )
    given = ", ".join(f"{text} %{x}" for x in "xyz")
    return [
        *_product("p", lanes),
        *_difference("t", "%z", "%p.over", lanes),
        *_sum("v", "%p", "%t", lanes),
        f"  %more = fadd {text} %t.over, %v.over",
        f"  %usual = fsub {text} %v, %more",
        # few bits: three behind the first one at most
        f"  %more.bits = bitcast {text} %more to {whole}",
        f"  %more.low = and {whole} %more.bits, {splat(lanes, 'i64', str((1 << 48) - 1))}",
        f"  %is.short = icmp eq {whole} %more.low, {splat(lanes, 'i64', '0')}",
        f"  %is.lost = fcmp une {text} %t.over, {zero}",
        f"  %may.tie = and {flag} %is.short, %is.lost",
        f"  %usual.size = call {text} @llvm.fabs.{kind}({text} %usual)",
        f"  %is.large = fcmp uge {text} %usual.size, {infinity}",
        f"  %is.wrong = or {flag} %may.tie, %is.large",
        f"  %p.size = call {text} @llvm.fabs.{kind}({text} %p)",
        f"  %is.small = fcmp olt {text} %p.size, {least}",
        f"  %is.rare = or {flag} %is.wrong, %is.small",
        *_any("maybe", "%is.rare", lanes),
        f"  br i1 %maybe, label %small, label %{DONE}, {_SELDOM}",
        "small:",
        f"  %x.counts = fcmp une {text} %x, {zero}",
        f"  %y.counts = fcmp une {text} %y, {zero}",
        f"  %both.count = and {flag} %x.counts, %y.counts",
        f"  %has.lost = and {flag} %is.small, %both.count",
        f"  %fails = or {flag} %is.wrong, %has.lost",
        *_any("rare", "%fails", lanes),
        f"  br i1 %rare, label %again, label %{DONE}, {_SELDOM}",
        "again:",
        f"  %exact = call {text} @{rare}({given})",
        f"  br label %{DONE}",
        f"{DONE}:",
        f"  %result = phi {text} [ %usual, %here ], [ %usual, %small ], [ %exact, %again ]",
    ]


def _any(name: str, flags: str, lanes: int) -> list[str]:
    if not lanes:
        return [f"  %{name} = or i1 {flags}, false"]
    return [f"  %{name} = call i1 @llvm.vector.reduce.or.v{lanes}i1(<{lanes} x i1> {flags})"]


def _product(name: str, lanes: int) -> list[str]:
    """`%name`, the product of x and y, and `%name.over`, by how much it is too large."""
    text = of(lanes, "double")
    return [
        f"  %{name} = fmul {text} %x, %y",
        f"  %hh = fmul {text} %x.high, %y.high",
        f"  %hl = fmul {text} %x.high, %y.low",
        f"  %lh = fmul {text} %x.low, %y.high",
        f"  %ll = fmul {text} %x.low, %y.low",
        f"  %over.1 = fsub {text} %{name}, %hh",
        f"  %over.2 = fsub {text} %over.1, %hl",
        f"  %over.3 = fsub {text} %over.2, %lh",
        f"  %{name}.over = fsub {text} %over.3, %ll",
    ]


def _sum(
    name: str, x: str, y: str, lanes: int, add: str = "fadd", subtract: str = "fsub"
) -> list[str]:
    """`%name`, the sum, and `%name.over`, by how much it is too large: D. Knuth's TwoSum."""
    text = of(lanes, "double")
    return [
        f"  %{name} = {add} {text} {x}, {y}",
        f"  %{name}.second = fsub {text} %{name}, {x}",
        f"  %{name}.first = fsub {text} %{name}, %{name}.second",
        f"  %{name}.over.2 = {subtract} {text} %{name}.second, {y}",
        f"  %{name}.over.1 = fsub {text} %{name}.first, {x}",
        f"  %{name}.over = fadd {text} %{name}.over.1, %{name}.over.2",
    ]


def _difference(name: str, x: str, y: str, lanes: int) -> list[str]:
    """As `_sum`, of x and the negative of y."""
    return _sum(name, x, y, lanes, "fsub", "fadd")


def _sum_to_odd(name: str, x: str, y: str, lanes: int) -> list[str]:
    """`%name`, the sum, of the two numbers around it the one whose last bit is 1, or exact."""
    text, whole, flag = of(lanes, "double"), of(lanes, "i64"), of(lanes, "i1")
    one, none, top = (splat(lanes, "i64", number) for number in ("1", "0", "63"))
    return [
        *_sum("sum", x, y, lanes),
        f"  %bits = bitcast {text} %sum to {whole}",
        f"  %over.bits = bitcast {text} %sum.over to {whole}",
        f"  %last = and {whole} %bits, {one}",
        f"  %even = icmp eq {whole} %last, {none}",
        f"  %inexact = fcmp one {text} %sum.over, {splat(lanes, 'double', '0.0')}",
        f"  %moves = and {flag} %even, %inexact",
        f"  %signs = xor {whole} %bits, %over.bits",
        f"  %alike = xor {whole} %signs, {splat(lanes, 'i64', '-1')}",
        f"  %down = ashr {whole} %alike, {top}",
        f"  %step = or {whole} %down, {one}",
        f"  %move = select {flag} %moves, {whole} %step, {whole} {none}",
        f"  %odd.bits = add {whole} %bits, %move",
        f"  %{name} = bitcast {whole} %odd.bits to {text}",
    ]


def fma_by_lane(name: str, lanes: int) -> str:
    """The function that takes one lane of f64 after the other, by integers."""
    text = of(lanes, "double")
    params = ", ".join(f"{text} %{x}" for x in "xyz")
    lines = [f"define internal {text} @{name}({params}) nounwind cold noinline {{"]
    whole = "poison"
    for k in range(lanes):
        lines += [f"  %{x}{k} = extractelement {text} %{x}, i64 {k}" for x in "xyz"]
        given = ", ".join(f"double %{x}{k}" for x in "xyz")
        lines.append(f"  %r{k} = call double @{ANY_FMA_NAME}({given})")
        lines.append(f"  %whole{k} = insertelement {text} {whole}, double %r{k}, i64 {k}")
        whole = f"%whole{k}"
    return "\n".join([*lines, f"  ret {text} {whole}", "}"])
