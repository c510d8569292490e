"""A CPU that takes subnormal numbers for zeros, as some libraries leave it."""

import ctypes
import platform
from contextlib import contextmanager

import pytest

from jitflow.runtime import host_target
from jitflow.runtime.engine import engine

USUAL, FLUSHING = 0x1F80, 0x9FC0
"""Of the register MXCSR."""

TEXT = """
declare void @llvm.x86.sse.ldmxcsr(ptr)
define void @set_mode(i32 %mode) {
  %place = alloca i32
  store i32 %mode, ptr %place
  call void @llvm.x86.sse.ldmxcsr(ptr %place)
  ret void
}"""


@contextmanager
def flushed_subnormals():
    """Meanwhile this thread's CPU is like that; skips the test where it is no x86-64."""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("how to tell the CPU is written for x86 here")
    linked = engine().link([engine().object_image(TEXT, host_target())], ["set_mode"])
    set_mode = ctypes.CFUNCTYPE(None, ctypes.c_uint32)(linked.addresses["set_mode"])
    set_mode(FLUSHING)
    try:
        yield
    finally:
        set_mode(USUAL)
