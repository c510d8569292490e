"""What a row took of a call's arguments is given up again: LLVM text of it."""

from __future__ import annotations

from jitflow.runtime.stub_text import release

DROP = "jitflow_entry_drop"
"""The one function beside the stub."""


def forget(block: str, end: str, then: str) -> str:
    """The block that gives up what a row took of the arguments: copies, and objects up to `end`."""
    return f"""
{block}:
  %{block}.copies = load i64, ptr %copies, align 8
  %{block}.copied = icmp ne i64 %{block}.copies, 0
  br i1 %{block}.copied, label %{block}.drop, label %{block}.all
{block}.drop:
  call void @{DROP}(ptr %copies)
  br label %{block}.all
{release(f"{block}.all", "%objects", "%given", end, then).strip()}"""


def drop() -> str:
    """The function that gives up copies, the number of which stands in front of them."""
    return f"""
define internal void @{DROP}(ptr %copies) nounwind {{
entry:
  %count = load i64, ptr %copies, align 8
  %end = add i64 %count, 1
  store i64 0, ptr %copies, align 8
  br label %drop
{release("drop", "%copies", "1", "%end", "done").strip()}
done:
  ret void
}}"""
