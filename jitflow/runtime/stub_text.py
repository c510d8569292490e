"""Lines of LLVM text that emitted functions of the runtime have in common."""

from __future__ import annotations


def word(name: str, table: str, number: int, type: str = "i64") -> str:
    """`%name`, a word of a table; `%name.at` is its address."""
    return (
        f"%{name}.at = getelementptr inbounds i64, ptr {table}, i64 {int(number)}\n"
        f"  %{name} = load {type}, ptr %{name}.at, align 8"
    )


def field(name: str, base: str, offset: int, type: str) -> str:
    """`%name`, which lies at a number of bytes behind an object's start."""
    return (
        f"%{name}.at = getelementptr inbounds i8, ptr {base}, i64 {offset}\n"
        f"  %{name} = load {type}, ptr %{name}.at, align 4"
    )


def item(name: str, base: str, index: str, type: str = "ptr") -> str:
    """`%name`, an element of an array of words; `%name.at` is its address."""
    return (
        f"%{name}.at = getelementptr inbounds i64, ptr {base}, i64 {index}\n"
        f"  %{name} = load {type}, ptr %{name}.at, align 8"
    )


def phi(name: str, type: str, **sources: str) -> str:
    """`%name`, chosen by the block that control came from; `_` in a block's name is a dot."""
    pairs = ", ".join(
        f"[ {value}, %{block.replace('_', '.')} ]" for block, value in sources.items()
    )
    return f"%{name} = phi {type} {pairs}"


def release(block: str, array: str, start: str, end: str, then: str) -> str:
    """The block that gives up references to the objects `array[start:end]`; null stands for none.

    `then` is where it goes on.
    """
    own, one = block.replace(".", "_"), f"{block}.one".replace(".", "_")
    return f"""
{block}:
  br label %{block}.next
{block}.next:
  {phi(f"{block}.i", "i64", **{own: start, one: f"%{block}.i.next"})}
  %{block}.done = icmp eq i64 %{block}.i, {end}
  br i1 %{block}.done, label %{then}, label %{block}.one
{block}.one:
  {item(f"{block}.object", array, f"%{block}.i")}
  call void @Py_DecRef(ptr %{block}.object)
  %{block}.i.next = add i64 %{block}.i, 1
  br label %{block}.next"""
