"""The pool's LLVM text: what NumPy asks of a memory handler, and arrays made with it.

Functions of NumPy, CPython and the system are imported symbols.
"""

from __future__ import annotations

from functools import cache

from jitflow.runtime.memory.block_text import give, mapping, removal, take
from jitflow.runtime.memory.words import PYTHON, SYSTEM, BlockWord
from jitflow.runtime.stub_text import word


@cache
def pool_text() -> str:
    """LLVM text of the pool's functions, for this system."""
    declared = []
    for name, type in (SYSTEM | PYTHON).items():
        result, _, params = type.partition(" ")
        declared.append(f"declare {result} @{name}{params} nounwind")
    declared.append("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
    declared.append("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
    declared.append("@jitflow_pool_handler = external global i8")
    parts = (mapping(), removal(), take(), give(), _other_roles(), _array())
    return "\n".join([*declared, *parts, ""])


def _other_roles() -> str:
    """What NumPy asks of a memory handler besides: cleared memory, and another size."""
    return f"""
define ptr @jitflow_pool_zeros(ptr %pool, i64 %count, i64 %size) nounwind {{
entry:
  %product = call {{ i64, i1 }} @llvm.umul.with.overflow.i64(i64 %count, i64 %size)
  %bytes = extractvalue {{ i64, i1 }} %product, 0
  %is.over = extractvalue {{ i64, i1 }} %product, 1
  br i1 %is.over, label %none, label %take
none:
  ret ptr null
take:
  %data = call ptr @jitflow_pool_take(ptr %pool, i64 %bytes)
  %is.none = icmp eq ptr %data, null
  br i1 %is.none, label %none, label %clear
clear:
  call void @llvm.memset.p0.i64(ptr %data, i8 0, i64 %bytes, i1 false)
  ret ptr %data
}}
declare {{ i64, i1 }} @llvm.umul.with.overflow.i64(i64, i64)
define ptr @jitflow_pool_grow(ptr %pool, ptr %data, i64 %size) nounwind {{
entry:
  %is.new = icmp eq ptr %data, null
  br i1 %is.new, label %fresh, label %ask
fresh:
  %made = call ptr @jitflow_pool_take(ptr %pool, i64 %size)
  ret ptr %made
ask:
  {word("bytes", "%data", BlockWord.BYTES)}
  %fits = icmp ule i64 %size, %bytes
  br i1 %fits, label %same, label %move
same:
  ret ptr %data
move:
  %larger = call ptr @jitflow_pool_take(ptr %pool, i64 %size)
  %is.none = icmp eq ptr %larger, null
  br i1 %is.none, label %none, label %copy
none:
  ret ptr null
copy:
  call void @llvm.memcpy.p0.p0.i64(ptr %larger, ptr %data, i64 %bytes, i1 false)
  call void @jitflow_pool_give(ptr %pool, ptr %data, i64 %bytes)
  ret ptr %larger
}}"""


def _array() -> str:
    """PyArray_NewFromDescr, with the pool as the thread's memory handler meanwhile."""
    return """
define ptr @jitflow_pool_array(ptr %type, ptr %dtype, i32 %rank, ptr %shape, ptr %strides,
    ptr %data, i32 %flags, ptr %like) nounwind {
entry:
  %before = call ptr @PyDataMem_SetHandler(ptr @jitflow_pool_handler)
  %failed = icmp eq ptr %before, null
  br i1 %failed, label %none, label %make
none:
  call void @Py_DecRef(ptr %dtype)
  ret ptr null
make:
  %made = call ptr @PyArray_NewFromDescr(ptr %type, ptr %dtype, i32 %rank, ptr %shape,
      ptr %strides, ptr %data, i32 %flags, ptr %like)
  %ours = call ptr @PyDataMem_SetHandler(ptr %before)
  call void @Py_DecRef(ptr %before)
  %is.lost = icmp eq ptr %ours, null
  br i1 %is.lost, label %left, label %restored
left:
  call void @Py_DecRef(ptr %made)
  ret ptr null
restored:
  call void @Py_DecRef(ptr %ours)
  ret ptr %made
}"""
