"""Functions in place of instructions give the instructions' bits, or the C library's."""

import ctypes

import numpy as np
import pytest

from jitflow.codegen.emitter import Emitter
from jitflow.codegen.soft import soft_functions, write_soft
from jitflow.runtime.engine import engine
from jitflow.runtime.machine import host_target

COUNT = 24_000
TYPES = {
    "f32": ("float", np.float32), "v4f32": ("<4 x float>", np.float32),
    "f64": ("double", np.float64), "v2f64": ("<2 x double>", np.float64),
}  # fmt: skip
LOOP = """
define void @run(ptr %x, ptr %y, ptr %z, ptr %out, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %x.at = getelementptr TYPE, ptr %x, i64 %i
  %y.at = getelementptr TYPE, ptr %y, i64 %i
  %z.at = getelementptr TYPE, ptr %z, i64 %i
  %out.at = getelementptr TYPE, ptr %out, i64 %i
  %a = load TYPE, ptr %x.at, align 4
  %b = load TYPE, ptr %y.at, align 4
  %c = load TYPE, ptr %z.at, align 4
STEPS
  store TYPE %r, ptr %out.at, align 4
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}
"""


def compiled(type, write):
    """A loop of what `write` writes for an emitter; it gives the name of the result."""
    e = Emitter({}, None, "run")
    e.open("loop")
    result = write(e)
    text = LOOP.replace("STEPS", "\n".join(e.lines[1:])).replace("TYPE", type)
    text = text.replace("%next, %loop ]", f"%next, %{e.block} ]").replace("%r,", f"{result},")
    text = "\n".join([text, *soft_functions(text)])
    linked = engine().link([engine().object_image(text, host_target())], ["run"])
    kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_int64)
    call = kind(linked.addresses["run"])

    def run(arrays):
        out, lanes = np.empty_like(arrays[0]), int(type[1]) if type[0] == "<" else 1
        call(*[x.ctypes.data for x in (*arrays, out)], len(out) // lanes)
        return out

    run.linked = linked
    return run


def numbers(dtype, random):
    """Three arrays, in several ways: any bits, near ties, what cancels, subnormal, special."""
    info, bits = np.finfo(dtype), {4: np.uint32, 8: np.uint64}[np.dtype(dtype).itemsize]
    highest = np.iinfo(bits).max
    yield [random.integers(0, highest, COUNT, bits, True).view(dtype) for _ in range(3)]
    x, y = (random.normal(size=COUNT).astype(dtype) for _ in range(2))
    yield x, y, random.normal(size=COUNT).astype(dtype)
    yield x, y, -x * y
    yield x, y, np.nextafter(-x * y, x)
    small = dtype(np.sqrt(info.tiny))
    yield x * small, y * small, x * info.tiny
    ties = [random.integers(-(2**20), 2**20, COUNT) * 2.0 ** random.integers(-60, 60, COUNT)
            for _ in range(3)]  # fmt: skip
    yield [t.astype(dtype) for t in ties]
    special = np.array(
        [0.0, 1, 2, 3, 0.5, 2.5, np.inf, np.nan, info.tiny, info.max, info.max / 2, info.eps,
         info.smallest_subnormal, 1 + info.eps, 2.0**52 - 0.5, 2.0**23 - 0.5], dtype,
    )  # fmt: skip
    special = np.concatenate([special, -special])
    yield [random.choice(special, COUNT) for _ in range(3)]


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize(("row", "names"), [("fma", "abc"), ("floor", "a"), ("rint", "a")])
def test_bits_are_those_of_the_instruction(row, names, suffix):
    if row in host_target().lacks:
        pytest.skip("this CPU has no such instruction")
    type, dtype = TYPES[suffix]
    operands = dict(zip("xyz", [f"%{name}" for name in names], strict=False))
    given = ", ".join(f"{type} {name}" for name in operands.values())
    soft = compiled(type, lambda e: write_soft(e, row, suffix, operands))
    hard = compiled(type, lambda e: e.temp("r", f"call {type} @llvm.{row}.{suffix}({given})"))
    for given in numbers(dtype, np.random.default_rng(0)):
        found, wanted = soft(given), hard(given)
        np.testing.assert_array_equal(found, wanted)
        counts = ~np.isnan(wanted)
        assert found[counts].tobytes() == wanted[counts].tobytes()
