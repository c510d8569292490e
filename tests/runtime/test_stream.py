"""Stores past the caches: the same bits, and addresses that they may go to."""

import numpy as np
import pytest

from jitflow.codegen import emit_llvm
from jitflow.errors import NoCodeError
from jitflow.ir.parser import parse_function
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import loops_for
from jitflow.passes.stream_size import LEAST
from jitflow.runtime import compile_function
from jitflow.runtime.compile import llvm_text
from jitflow.runtime.memory import POOL_BYTES
from jitflow.runtime.target import last_cache_bytes

TEXT = """
func @f(%x: &DTYPE[4, 64], %out: &DTYPE[4, 64], %twice: &DTYPE[4, 64]) {outputs=OUTPUTS} {
  %0: i64[] = constant {value=0}
  %1: i64[] = constant {value=4}
  %2: i64[] = constant {value=64}
  loop %0, %1 {kind="parallel"} (%i: i64[]) {
    loop %0, %2 {step=LANES, kind="parallel"} (%j: i64[]) {
      %3: DTYPE<LANES> = load %x, %i, %j
      %4: DTYPE<LANES> = add %3, %3
      store %3, %out, %i, %j
      store %4, %twice, %i, %j
      yield
    }
    yield
  }
  return
}
"""


NAMES = {"i8": "int8", "u16": "uint16", "f32": "float32", "i64": "int64", "f64": "float64"}


def function(dtype, lanes, outputs=2):
    text = TEXT.replace("DTYPE", dtype).replace("LANES", str(lanes))
    made = run_pipeline("stream{bytes=1}", parse_function(text.replace("OUTPUTS", str(outputs))))
    return made


@pytest.mark.parametrize("lanes", [4, 8, 16, 32, 64])
@pytest.mark.parametrize("dtype", ["i8", "u16", "f32", "i64", "f64"])
def test_every_width(dtype, lanes):
    loops = function(dtype, lanes)
    code = compile_function(loops)
    size = np.dtype(NAMES[dtype]).itemsize
    streams = lanes * size >= 16
    assert code.body.streamed == ({0, 1} if streams else set())
    assert ("fence" in llvm_text(loops)) is streams
    x = np.arange(256).reshape(4, 64).astype(code.body.inputs[0].dtype.numpy)
    for _ in range(3):
        out, twice = code([x])
        np.testing.assert_array_equal(out, x)
        np.testing.assert_array_equal(twice, x + x)


def test_every_thread_stores_all_before_it_says_so():
    text = TEXT.replace("DTYPE", "f64").replace("LANES", "8").replace("OUTPUTS", "2")
    shared = text.replace('%1 {kind="parallel"}', '%1 {kind="parallel", chunks=2}')
    llvm_text = emit_llvm(run_pipeline("stream{bytes=1}", parse_function(shared)), "f")
    chunk, body = llvm_text.split("define i32", 1)
    assert chunk.count("fence") == 1 and body.count("fence") == 1


def test_only_outputs_are_aligned_for_it():
    last_only = compile_function(function("f64", 8, 1))
    assert last_only.body.streamed == {0}
    streamed = function("f64", 8, 2)
    with pytest.raises(NoCodeError, match="only outputs"):
        compile_function(type(streamed)(streamed.name, streamed.body, {"outputs": 0}))


def test_what_streams_is_the_pools():
    assert POOL_BYTES <= LEAST


@pytest.mark.parametrize("cache, wanted", [(0, 16), (1, 8), (16, 8), (32, 16), (256, 128)])
def test_half_of_the_last_cache_streams(cache, wanted):
    assert f"stream{{bytes={wanted << 20}}}" in loops_for(32, 16, cache_bytes=cache << 20)


def test_the_last_cache(tmp_path):
    assert last_cache_bytes(tmp_path / "none") == 0
    assert last_cache_bytes(tmp_path) == 0
    for number, level, size in ((0, 1, "32K"), (1, 1, "32K"), (2, 2, "512K"), (3, 3, "32768K")):
        index = tmp_path / f"index{number}"
        index.mkdir()
        (index / "level").write_text(f"{level}\n")
        (index / "size").write_text(f"{size}\n")
    assert last_cache_bytes(tmp_path) == 32 << 20
    (tmp_path / "index3" / "size").write_text("many\n")
    assert last_cache_bytes(tmp_path) == 0
