"""Rows on CPUs other than this one: code comes out and imports only what it may."""

import pytest

from jitflow.codegen.module import TABLE
from jitflow.errors import DtypeError
from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import DTYPES, bool_, f64, i8
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import BufferType
from jitflow.runtime import compile_body, make_target
from jitflow.runtime.symbols import undefined_symbols

AVX512 = {"avx2": True, "fma": True, "avx512f": True, "avx512vl": True}
TARGETS = {
    "sse2": make_target("x86_64-unknown-linux-gnu", "x86-64", {}),
    "avx512": make_target("x86_64-unknown-linux-gnu", "skylake-avx512", AVX512),
    "neon": make_target("aarch64-unknown-linux-gnu", "", {}),
    "apple": make_target("arm64-apple-macosx13", "apple-m1", {}),
    "riscv": make_target("riscv64-unknown-linux-gnu", "", {"m": True, "f": True, "d": True}),
}


def all_rows(dtype, lanes=8):
    """Every elementwise row that takes a dtype, and conversions from it, in one function."""
    b = Builder()
    x = b.param(BufferType(dtype, (lanes,)), "x")
    zero = b.index(0)
    value = b.load(x, zero, lanes=lanes)
    mask = b.eq(value, b.full_like(value, 1))
    targets = [d for d in DTYPES.values() if d.kind in "biuf" and d.bits != 16]
    results = [b.convert(value, dtype=d) for d in targets]
    for name in sorted(TABLE):
        row = ROWS[name]
        if row.family is not Family.ELEMENTWISE or row.attributes:
            continue
        operands = (mask, value, value) if name == "select" else (value,) * row.arity
        try:
            results.append(b.emit(row, operands).result)
        except DtypeError:
            continue
    for result in results:
        out = b.param(BufferType(result.type.dtype, (lanes,)), "out")
        b.store(result, out, zero, valid=lanes - 3)
    return b.build("rows", (), {"outputs": len(results)})


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("dtype", [bool_, i8, DTYPES["u64"], DTYPES["f32"], f64], ids=str)
def test_rows_compile_for_other_cpus(target, dtype):
    body = compile_body(all_rows(dtype), target)
    if target.has_fma:
        assert not {"fma", "fmaf"} & undefined_symbols(body.object_bytes)
