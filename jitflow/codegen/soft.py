"""Instructions that a CPU lacks, by those that it has; LLVM would call the C library for them.

Each gives the bits of the instruction. Short ones are written where they are used; fused
multiply-adds of float64 are calls of functions, and a module holds those that its text calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from jitflow.codegen.soft_fma import ANY_FMA, ANY_FMA_NAME

PREFIX = "jitflow_soft_"
_CALLED = re.compile(rf"@({PREFIX}\w+)\(")
_KIND = re.compile(r"(?:v(\d+))?f(32|64)")
_LOCAL = re.compile(r"%([\w.]+)")


def soft_lines(row: str, kind: str, prefix: str, operands: Mapping[str, str]) -> list[str]:
    """LLVM text that computes `%prefix` by `fma`, `floor` or `rint` of the operands x, y and z.

    kind: the type as intrinsics name it, `v4f32`.
    """
    lanes, bits = _read(kind)
    if row != "fma":
        steps = _rounding(row, lanes, bits)
    elif bits == 32:
        steps = _fma_32(lanes)
    else:
        text = _of(lanes, "double")
        given = ", ".join(f"{text} %{x}" for x in "xyz")
        steps = [f"  %result = call {text} @{PREFIX}fma_{kind}({given})"]

    def renamed(match: re.Match[str]) -> str:
        name = match[1]
        return operands[name] if name in operands else _local(prefix, name)

    return [_LOCAL.sub(renamed, step) for step in steps]


def _local(prefix: str, name: str) -> str:
    return f"%{prefix}" if name == "result" else f"%{prefix}.{name}"


def soft_functions(text: str) -> list[str]:
    """The functions that LLVM text calls, and those that these call."""
    made: dict[str, str] = {}
    wanted = sorted(set(_CALLED.findall(text)))
    while wanted:
        name = wanted.pop()
        lanes, _ = (0, 64) if name == ANY_FMA_NAME else _read(name.rpartition("_")[2])
        made[name] = ANY_FMA if name == ANY_FMA_NAME else _fma_64(name, lanes)
        wanted += sorted(set(_CALLED.findall(made[name])) - made.keys() - set(wanted))
    return [made[name] for name in sorted(made)]


def _read(kind: str) -> tuple[int, int]:
    """Lanes, 0 for a scalar, and bits."""
    match = _KIND.fullmatch(kind)
    assert match is not None
    return int(match[1] or 0), int(match[2])


def _of(lanes: int, element: str) -> str:
    return f"<{lanes} x {element}>" if lanes else element


def _all(lanes: int, element: str, number: str) -> str:
    return f"splat ({element} {number})" if lanes else number


def _rounding(row: str, lanes: int, bits: int) -> list[str]:
    """To integers, ties to even: what lies below 2**52, or 2**23, loses its fraction in a sum."""
    element, suffix = ("double", "f64") if bits == 64 else ("float", "f32")
    text, flag = _of(lanes, element), _of(lanes, "i1")
    suffix = f"v{lanes}{suffix}" if lanes else suffix
    large = _all(lanes, element, "0x4330000000000000" if bits == 64 else "0x4160000000000000")
    one, zero = _all(lanes, element, "1.0"), _all(lanes, element, "0.0")
    lines = [
        f"  %size = call {text} @llvm.fabs.{suffix}({text} %x)",
        f"  %small = fcmp olt {text} %size, {large}",
        f"  %large = call {text} @llvm.copysign.{suffix}({text} {large}, {text} %x)",
        f"  %sum = fadd {text} %x, %large",
        f"  %whole = fsub {text} %sum, %large",
        f"  %signed = call {text} @llvm.copysign.{suffix}({text} %whole, {text} %x)",
    ]
    if row == "rint":
        return [*lines, f"  %result = select {flag} %small, {text} %signed, {text} %x"]
    return [
        *lines,
        f"  %rint = select {flag} %small, {text} %signed, {text} %x",
        f"  %above = fcmp ogt {text} %rint, %x",
        f"  %step = select {flag} %above, {text} {one}, {text} {zero}",
        f"  %result = fsub {text} %rint, %step",
    ]


def _fma_32(lanes: int) -> list[str]:
    """In float64: the product is exact, the sum is rounded to odd, so that rounding again is right.

    Method: S. Boldo, G. Melquiond, Emulation of FMA and correctly rounded sums (2008).
    """
    narrow, wide = _of(lanes, "float"), _of(lanes, "double")
    return [
        *[f"  %{x}.wide = fpext {narrow} %{x} to {wide}" for x in "xyz"],
        f"  %product = fmul {wide} %x.wide, %y.wide",
        *_sum_to_odd("odd", "%product", "%z.wide", lanes),
        f"  %result = fptrunc {wide} %odd to {narrow}",
    ]


def _fma_64(name: str, lanes: int) -> str:
    """By sums and products without error where nothing can over- or underflow, else by integers.

    Methods: T. Dekker, A floating-point technique (1971); Boldo and Melquiond as above.
    """
    text = _of(lanes, "double")
    params = ", ".join(f"{text} %{x}" for x in "xyz")
    lines = [
        f"define internal {text} @{name}({params}) nounwind {{",
        *_fit(lanes),
        "  br i1 %all, label %usual, label %rare",
        "usual:",
        *_exact_product(lanes),
        *_sum("t", "%z", "%p.lost", lanes),
        *_sum("v", "%p", "%t", lanes),
        *_sum_to_odd("odd", "%t.lost", "%v.lost", lanes),
        f"  %result = fadd {text} %v, %odd",
        f"  ret {text} %result",
        "rare:",
        *_by_lane(lanes), "}",
    ]  # fmt: skip
    return "\n".join(lines)


def _fit(lanes: int) -> list[str]:
    """`%all`: whether x, y and z of all lanes have sizes of which nothing over- or underflows."""
    text, flag = _of(lanes, "double"), _of(lanes, "i1")
    kind = f"v{lanes}f64" if lanes else "f64"
    numbers = {"least": -450, "most": 450, "z.least": -900, "z.most": 900}
    limits = {key: _all(lanes, "double", _power(e)) for key, e in numbers.items()}
    lines = []
    for x in "xyz":
        least, most = (limits[f"z.{end}" if x == "z" else end] for end in ("least", "most"))
        lines += [
            f"  %{x}.size = call {text} @llvm.fabs.{kind}({text} %{x})",
            f"  %{x}.large = fcmp oge {text} %{x}.size, {least}",
            f"  %{x}.small = fcmp ole {text} %{x}.size, {most}",
            f"  %{x}.between = and {flag} %{x}.large, %{x}.small",
        ]
    return [
        *lines,
        f"  %z.zero = fcmp oeq {text} %z, {_all(lanes, 'double', '0.0')}",
        f"  %z.fits = or {flag} %z.between, %z.zero",
        f"  %xy.fit = and {flag} %x.between, %y.between",
        f"  %fit = and {flag} %xy.fit, %z.fits",
        f"  %all = call i1 @llvm.vector.reduce.and.v{lanes}i1({flag} %fit)" if lanes
        else "  %all = and i1 %fit, true",
    ]  # fmt: skip


def _exact_product(lanes: int) -> list[str]:
    """`%p`, the product of x and y, and `%p.lost`, what was rounded away, by Dekker's halves."""
    text = _of(lanes, "double")
    split = _all(lanes, "double", "0x41A0000002000000")  # 2**27 + 1
    lines = [f"  %p = fmul {text} %x, %y"]
    for x in "xy":
        lines += [
            f"  %{x}.split = fmul {text} %{x}, {split}",
            f"  %{x}.rest = fsub {text} %{x}.split, %{x}",
            f"  %{x}.high = fsub {text} %{x}.split, %{x}.rest",
            f"  %{x}.low = fsub {text} %{x}, %{x}.high",
        ]
    return [
        *lines,
        f"  %hh = fmul {text} %x.high, %y.high",
        f"  %hl = fmul {text} %x.high, %y.low",
        f"  %lh = fmul {text} %x.low, %y.high",
        f"  %ll = fmul {text} %x.low, %y.low",
        f"  %lost.1 = fsub {text} %hh, %p",
        f"  %lost.2 = fadd {text} %lost.1, %hl",
        f"  %lost.3 = fadd {text} %lost.2, %lh",
        f"  %p.lost = fadd {text} %lost.3, %ll",
    ]


def _power(exponent: int) -> str:
    """2**exponent as a literal."""
    return f"0x{(exponent + 1023) << 52:016X}"


def _sum(name: str, x: str, y: str, lanes: int) -> list[str]:
    """`%name`, the sum, and `%name.lost`, what was rounded away: D. Knuth's TwoSum."""
    text = _of(lanes, "double")
    return [
        f"  %{name} = fadd {text} {x}, {y}",
        f"  %{name}.second = fsub {text} %{name}, {x}",
        f"  %{name}.first = fsub {text} %{name}, %{name}.second",
        f"  %{name}.lost.2 = fsub {text} {y}, %{name}.second",
        f"  %{name}.lost.1 = fsub {text} {x}, %{name}.first",
        f"  %{name}.lost = fadd {text} %{name}.lost.1, %{name}.lost.2",
    ]


def _sum_to_odd(name: str, x: str, y: str, lanes: int) -> list[str]:
    """`%name`, the sum, of the two numbers around it the one whose last bit is 1, or exact."""
    text, whole, flag = _of(lanes, "double"), _of(lanes, "i64"), _of(lanes, "i1")
    one, none, top = (_all(lanes, "i64", number) for number in ("1", "0", "63"))
    return [
        *_sum("sum", x, y, lanes),
        f"  %bits = bitcast {text} %sum to {whole}",
        f"  %lost.bits = bitcast {text} %sum.lost to {whole}",
        f"  %last = and {whole} %bits, {one}",
        f"  %even = icmp eq {whole} %last, {none}",
        f"  %inexact = fcmp one {text} %sum.lost, {_all(lanes, 'double', '0.0')}",
        f"  %moves = and {flag} %even, %inexact",
        f"  %signs = xor {whole} %bits, %lost.bits",
        f"  %apart = ashr {whole} %signs, {top}",
        f"  %step = or {whole} %apart, {one}",
        f"  %move = select {flag} %moves, {whole} %step, {whole} {none}",
        f"  %odd.bits = add {whole} %bits, %move",
        f"  %{name} = bitcast {whole} %odd.bits to {text}",
    ]


def _by_lane(lanes: int) -> list[str]:
    """One lane after the other, by integers."""
    text = _of(lanes, "double")
    if not lanes:
        given = ", ".join(f"double %{x}" for x in "xyz")
        return [f"  %any = call double @{ANY_FMA_NAME}({given})", "  ret double %any"]
    lines, whole = [], "poison"
    for k in range(lanes):
        lines += [f"  %{x}{k} = extractelement {text} %{x}, i64 {k}" for x in "xyz"]
        given = ", ".join(f"double %{x}{k}" for x in "xyz")
        lines.append(f"  %r{k} = call double @{ANY_FMA_NAME}({given})")
        lines.append(f"  %whole{k} = insertelement {text} {whole}, double %r{k}, i64 {k}")
        whole = f"%whole{k}"
    return [*lines, f"  ret {text} {whole}"]
