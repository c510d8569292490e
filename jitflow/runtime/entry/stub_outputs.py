"""The stub's part for outputs: each is made, or is an array that the call was given.

Small ones are made from templates, by one function beside the stub (`templates.py`).
"""

from __future__ import annotations

from jitflow.runtime.entry import layout
from jitflow.runtime.entry.words import OUTPUT_WORDS, OutputWord
from jitflow.runtime.stub_text import field, item, word

_ARRAY = "jitflow_entry_array"

_TRACE_DOMAIN = 389047
"""What NumPy's memory is called where `tracemalloc` follows it."""


def outputs(start: str, then: str) -> str:
    """The loop over outputs, which `start` leads to, and their addresses as buffers."""
    return f"""
output:
  %o = phi i64 [ 0, %{start} ], [ %o.next, %output.done ]
  %output.words = phi ptr [ %output.first, %{start} ], [ %output.words.next, %output.done ]
  %output.place = getelementptr inbounds ptr, ptr %outputs, i64 %o
  %o.done = icmp eq i64 %o, %output.count
  br i1 %o.done, label %{then}, label %output.one
output.one:
  {word("new.array", "%output.words", OutputWord.MAKER, "ptr")}
  %output.buffer = add i64 %leaf.count, %o
  %output.slot = getelementptr inbounds ptr, ptr %buffers, i64 %output.buffer
  %output.is.scalar = icmp eq ptr %new.array, null
  br i1 %output.is.scalar, label %output.local, label %output.ask
output.ask:
  {word("output.takes", "%output.words", OutputWord.TAKES)}
  %output.is.made = icmp eq i64 %output.takes, 0
  br i1 %output.is.made, label %output.new, label %output.donor
output.donor:
  %output.number = sub i64 %output.takes, 1
  {item("output.taken", "%objects", "%output.number")}
  call void @Py_IncRef(ptr %output.taken)
  br label %output.right
output.local:
  %local = getelementptr inbounds i128, ptr %scalars, i64 %o
  br label %output.done
output.new:
  {word("output.template", "%output.words", OutputWord.TEMPLATE, "ptr")}
  %output.is.other = icmp eq ptr %output.template, null
  br i1 %output.is.other, label %output.array, label %output.like
output.like:
  %output.alike = call ptr @{_ARRAY}(ptr %output.words, ptr %array.type)
  %output.lost = icmp eq ptr %output.alike, null
  br i1 %output.lost, label %output.array, label %output.right
output.array:
  {word("output.dtype", "%output.words", OutputWord.DTYPE, "ptr")}
  {word("output.rank", "%output.words", OutputWord.RANK)}
  {word("output.shape", "%output.words", OutputWord.SHAPE, "ptr")}
  %output.rank.32 = trunc i64 %output.rank to i32
  call void @Py_IncRef(ptr %output.dtype)
  %made = call ptr %new.array(ptr %array.type, ptr %output.dtype, i32 %output.rank.32,
      ptr %output.shape, ptr null, ptr null, i32 0, ptr null)
  %made.failed = icmp eq ptr %made, null
  br i1 %made.failed, label %no.memory, label %output.right
output.right:
  %placed = phi ptr [ %made, %output.array ], [ %output.alike, %output.like ],
      [ %output.taken, %output.donor ]
  {field("placed.data", "%placed", layout.DATA, "ptr")}
  br label %output.done
output.done:
  %output.object = phi ptr [ null, %output.local ], [ %placed, %output.right ]
  %output.memory = phi ptr [ %local, %output.local ], [ %placed.data, %output.right ]
  store ptr %output.object, ptr %output.place, align 8
  store ptr %output.memory, ptr %output.slot, align 8
  %o.next = add i64 %o, 1
  %output.words.next = getelementptr inbounds i64, ptr %output.words, i64 {OUTPUT_WORDS}
  br label %output"""


def array() -> str:
    """The function that makes an array like an output's template; null where there is no memory.

    Its shape and strides lie in memory of their own, and its elements too.
    """
    return f"""
define internal ptr @{_ARRAY}(ptr %words, ptr %type) nounwind {{
entry:
  {word("template", "%words", OutputWord.TEMPLATE, "ptr")}
  {word("rank", "%words", OutputWord.RANK)}
  {word("bytes", "%words", OutputWord.BYTES)}
  {word("memory", "%words", OutputWord.MEMORY, "ptr")}
  {word("memory.context", "%words", OutputWord.MEMORY_CONTEXT, "ptr")}
  %head = call ptr @PyObject_Malloc(i64 {layout.ARRAY_BYTES})
  %no.head = icmp eq ptr %head, null
  br i1 %no.head, label %none, label %place
none:
  ret ptr null
place:
  %extent.bytes = shl i64 %rank, 4
  %extents = call ptr @PyMem_RawMalloc(i64 %extent.bytes)
  %no.extents = icmp eq ptr %extents, null
  br i1 %no.extents, label %free.head, label %fill
free.head:
  call void @PyObject_Free(ptr %head)
  br label %none
fill:
  %data = call ptr %memory(ptr %memory.context, i64 %bytes)
  %no.data = icmp eq ptr %data, null
  br i1 %no.data, label %free.extents, label %made
free.extents:
  call void @PyMem_RawFree(ptr %extents)
  br label %free.head
made:
  %data.address = ptrtoint ptr %data to i64
  %tracked = call i32 @PyTraceMalloc_Track(i32 {_TRACE_DOMAIN}, i64 %data.address, i64 %bytes)
  %array = call ptr @PyObject_Init(ptr %head, ptr %type)
  %strides = getelementptr inbounds ptr, ptr %extents, i64 %rank
{_words()}
  {field("dtype", "%array", layout.DTYPE, "ptr")}
  {field("handler", "%array", layout.HANDLER, "ptr")}
  call void @Py_IncRef(ptr %dtype)
  call void @Py_IncRef(ptr %handler)
  {field("extents.of", "%template", layout.SHAPE, "ptr")}
  %extent.count = shl i64 %rank, 1
  br label %extent
extent:
  %e = phi i64 [ 0, %made ], [ %e.next, %extent.one ]
  %e.done = icmp eq i64 %e, %extent.count
  br i1 %e.done, label %done, label %extent.one
extent.one:
  {item("extent.of", "%extents.of", "%e", "i64")}
  %extent.to = getelementptr inbounds i64, ptr %extents, i64 %e
  store i64 %extent.of, ptr %extent.to, align 8
  %e.next = add i64 %e, 1
  br label %extent
done:
  ret ptr %array
}}"""


def _words() -> str:
    """All words behind the head: the new array's own, the template's, and 0."""
    own = {layout.DATA: "%data", layout.SHAPE: "%extents", layout.STRIDES: "%strides"}
    lines = []
    for at in range(layout.HEAD, layout.ARRAY_BYTES, 8):
        value = own.get(at, "null")
        if at in (layout.RANK, layout.DTYPE, layout.FLAGS, layout.HANDLER):
            lines.append(f"  {field(f'word.{at}', '%template', at, 'ptr')}")
            value = f"%word.{at}"
        lines.append(f"  %to.{at} = getelementptr inbounds i8, ptr %array, i64 {at}")
        lines.append(f"  store ptr {value}, ptr %to.{at}, align 8")
    return "\n".join(lines)
