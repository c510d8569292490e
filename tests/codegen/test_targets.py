"""Rows on CPUs other than this one: code comes out and imports only what it may."""

import pytest

from jitflow.codegen.module import TABLE
from jitflow.errors import DtypeError
from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import DTYPES, bool_, f64, i8
from jitflow.ir.location import Location
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import BufferType, TensorType
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import loops_for
from jitflow.runtime import compile_body, make_target
from jitflow.runtime.symbols import check_imports
from tests.support.samples import accepted, plain_rows

AVX512 = {"avx2": True, "fma": True, "f16c": True, "avx512f": True, "avx512vl": True}
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
    targets = [d for d in DTYPES.values() if d.kind in "biuf"]
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
    half_bits = f"half_bits{{f16c={str(target.has_f16c).lower()}}}"
    body = compile_body(run_pipeline(half_bits, all_rows(dtype)), target)
    check_imports(body.object_bytes)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("dtype", [DTYPES["f16"], DTYPES["bf16"]], ids=str)
@pytest.mark.parametrize("lanes", [1, 3, 16])
def test_numbers_of_16_bits_need_no_library(target, dtype, lanes):
    b = Builder(locations=(Location("f.py", 1),))
    x, y = (b.param(TensorType(dtype, (lanes,))) for _ in "xy")
    total = b.add(b.mul(x, y), b.full_like(x, 1))
    function = b.build("f", [total, b.reduce_sum(x, axes=(0,)), b.convert(x, dtype=f64)])
    loops = loops_for(target.vector_bytes, target.vector_registers, target.has_f16c)
    check_imports(compile_body(run_pipeline(loops, function), target).object_bytes)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_expansions_compile_for_other_cpus(target):
    """Each alone, written out, without a function of the C library."""
    stages = loops_for(target.vector_bytes, target.vector_registers, target.has_f16c)
    written_out = [f"{p}{{hot=0,inline=1000000}}" if p == "expand" else p for p in stages]
    for row in (r for r in plain_rows() if r.expand is not None):
        for dtype in set(accepted(row)) & {DTYPES[name] for name in ("f32", "f64", "i64", "u16")}:
            b = Builder(locations=(Location("f.py", 1),))
            operands = [b.param(TensorType(dtype, (999,))) for _ in range(row.arity)]
            function = b.build(row.name, [b.emit(row, tuple(operands)).result])
            check_imports(compile_body(run_pipeline(written_out, function), target).object_bytes)
