"""Instructions that a CPU lacks, by those that it has; LLVM would call the C library for them.

Each gives the bits of the instruction. They are written where they are used; for lanes that they
cannot do, fused multiply-adds of float64 call functions, and a module holds those that its text
calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from jitflow.codegen.emitter import Emitter
from jitflow.codegen.soft_any_fma import ANY_FMA, ANY_FMA_NAME
from jitflow.codegen.soft_fma import DONE, PARTS, fma_by_lane, fma_steps, of, part_steps, splat

PREFIX = "jitflow_soft_"
_CALLED = re.compile(rf"@({PREFIX}\w+)\(")
_KIND = re.compile(r"(?:v(\d+))?f(32|64)")
_LOCAL = re.compile(r"%([\w.]+)")


def write_soft(e: Emitter, row: str, kind: str, operands: Mapping[str, str]) -> str:
    """Writes `fma`, `floor` or `rint` of the operands x, y and z, and gives the result's name.

    kind: the type as intrinsics name it, `v4f32`.
    """
    lanes, bits = _read(kind)
    prefix = e.new_block(row)
    known = {**operands, "here": f"%{e.block}", "result": f"%{prefix}"}
    if row != "fma":
        e.lines += _renamed(_rounding(row, lanes, bits), prefix, known)
        return f"%{prefix}"
    for x in "xy":
        key = "parts", kind, operands[x]
        if key not in e.computed:
            e.computed[key] = f"%{prefix}.{x}"
            e.lines += _renamed(part_steps(x, lanes, bits), prefix, known)
        known |= {f"{x}.{part}": f"{e.computed[key]}.{part}" for part in PARTS[bits]}
    rare = f"{PREFIX}fma_{kind}" if lanes else ANY_FMA_NAME
    e.lines += _renamed(fma_steps(lanes, bits, rare), prefix, known)
    e.block = f"{prefix}.{DONE}"
    return f"%{prefix}"


def _renamed(steps: Sequence[str], prefix: str, known: Mapping[str, str]) -> list[str]:
    """The steps with names of their own for locals and blocks, but for those that are known."""

    def name(match: re.Match[str]) -> str:
        return known.get(match[1], f"%{prefix}.{match[1]}")

    return [
        _LOCAL.sub(name, step) if step.startswith(" ") else f"{prefix}.{step}" for step in steps
    ]


def soft_functions(text: str) -> list[str]:
    """The functions that LLVM text calls, and those that these call."""
    wanted = sorted(set(_CALLED.findall(text)))
    made = [
        fma_by_lane(name, _read(name.rpartition("_")[2])[0])
        for name in wanted if name != ANY_FMA_NAME
    ]  # fmt: skip
    return [*made, ANY_FMA] if wanted else []


def _read(kind: str) -> tuple[int, int]:
    """Lanes, 0 for a scalar, and bits."""
    match = _KIND.fullmatch(kind)
    assert match is not None
    return int(match[1] or 0), int(match[2])


def _rounding(row: str, lanes: int, bits: int) -> list[str]:
    """To integers, ties to even: what lies below 2**52, or 2**23, loses its fraction in a sum."""
    element, suffix = ("double", "f64") if bits == 64 else ("float", "f32")
    text, flag = of(lanes, element), of(lanes, "i1")
    suffix = f"v{lanes}{suffix}" if lanes else suffix
    large = splat(lanes, element, "0x4330000000000000" if bits == 64 else "0x4160000000000000")
    one, zero = splat(lanes, element, "1.0"), splat(lanes, element, "0.0")
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
