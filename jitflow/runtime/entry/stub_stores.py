"""The stub's part for lists that keep outputs, and for arrays of lists that outputs take.

No other thread comes between the last look at what lists have and the change of all of them. Where
arrays are written over, their lists have something else meanwhile, at all places that the call
stores to: calls that find it there are Python's, which waits.
"""

from __future__ import annotations

from jitflow.runtime.entry.words import STORE_WORDS, Process, RowWord, Store
from jitflow.runtime.stub_text import item, release, word

_ALONE = 3
"""References to an array that only the list has: its own, that of the call, that of the output."""


def _each(block: str, then: str, next: str) -> str:
    """A loop over the stores; `{block}.one` has the words of one, `{next}` leads to the next."""
    return f"""
{block}:
  {word(f"{block}.first", "%row", RowWord.STORES, "ptr")}
  {word(f"{block}.count", "%row", RowWord.STORE_COUNT)}
  %{block}.size = mul i64 %{block}.count, {STORE_WORDS}
  %{block}.end = getelementptr inbounds i64, ptr %{block}.first, i64 %{block}.size
  br label %{block}.loop
{block}.loop:
  %{block}.words = phi ptr [ %{block}.first, %{block} ], [ %{block}.following, %{next} ]
  %{block}.done = icmp eq ptr %{block}.words, %{block}.end
  br i1 %{block}.done, label %{then}, label %{block}.one
{block}.one:
  {word(f"{block}.list", f"%{block}.words", Store.LIST, "ptr")}
  {word(f"{block}.place", f"%{block}.words", Store.PLACE)}
  {word(f"{block}.number", f"%{block}.words", Store.FOUND)}
  %{block}.following = getelementptr inbounds i64, ptr %{block}.words, i64 {STORE_WORDS}"""


def _takers(block: str, change: str) -> str:
    """One call more or less that writes over arrays of lists."""
    return f"""
  {word(f"{block}.takers", "%process", Process.TAKERS)}
  %{block}.takers.now = {change} i64 %{block}.takers, 1
  store i64 %{block}.takers.now, ptr %{block}.takers.at, align 8"""


def take() -> str:
    """All that the row stores to is taken out of the lists, if arrays that it writes are alone."""
    return f"""{_each("alone", "seize", "alone.next")}
  {word("alone.taken", "%alone.words", Store.IS_TAKEN)}
  %alone.at = sub i64 %alone.number, 1
  {item("alone.then", "%objects", "%alone.at")}
  %alone.now = call ptr @PyList_GetItem(ptr %alone.list, i64 %alone.place)
  %alone.references = load i32, ptr %alone.then, align 4
  %alone.same = icmp eq ptr %alone.now, %alone.then
  %alone.unshared = icmp eq i32 %alone.references, {_ALONE}
  %alone.stays = icmp eq i64 %alone.taken, 0
  %alone.free = or i1 %alone.unshared, %alone.stays
  %alone.right = and i1 %alone.same, %alone.free
  br i1 %alone.right, label %alone.next, label %crowded
alone.next:
  br label %alone.loop
crowded:
  br label %ran
{_each("seize", "seized", "seize.one")}
  {word("seize.busy", "%process", Process.BUSY, "ptr")}
  call void @Py_IncRef(ptr %seize.busy)
  %seize.set = call i32 @PyList_SetItem(ptr %seize.list, i64 %seize.place, ptr %seize.busy)
  br label %seize.loop
seized:
  store i64 1, ptr %taken, align 8{_takers("seized", "add")}
  br label %begin"""


def give_back() -> str:
    """What was taken lies in the lists again, as a call has failed."""
    return f"""{_each("back", "backed", "back.one")}
  %back.at = sub i64 %back.number, 1
  {item("back.object", "%objects", "%back.at")}
  call void @Py_IncRef(ptr %back.object)
  %back.set = call i32 @PyList_SetItem(ptr %back.list, i64 %back.place, ptr %back.object)
  br label %back.loop
backed:
  store i64 0, ptr %taken, align 8{_takers("backed", "sub")}
  br label %undo"""


def stores() -> str:
    """Lists take outputs for what they had, which the call drops at its end."""
    return f"""
settle:
  {word("settle.count", "%row", RowWord.STORE_COUNT)}
  %is.storer = icmp ne i64 %settle.count, 0
  br i1 %is.storer, label %settle.how, label %put
settle.how:
  br i1 %is.taker, label %store, label %check
{_each("check", "store", "check.next")}
  %check.now = call ptr @PyList_GetItem(ptr %check.list, i64 %check.place)
  {word("check.busy", "%process", Process.BUSY, "ptr")}
  %check.is.busy = icmp eq ptr %check.now, %check.busy
  %check.counts = icmp ne i64 %check.number, 0
  br i1 %check.counts, label %check.found, label %check.free
check.free:
  br i1 %check.is.busy, label %check.lost, label %check.next
check.found:
  %check.at = sub i64 %check.number, 1
  {item("check.then", "%objects", "%check.at")}
  %check.same = icmp eq ptr %check.now, %check.then
  br i1 %check.same, label %check.next, label %check.lost
check.next:
  br label %check.loop
check.lost:
  br label %drop
{_each("store", "store.all", "store.one")}
  {word("store.output", "%store.words", Store.OUTPUT)}
  {item("store.new", "%outputs", "%store.output")}
  %store.old = call ptr @PyList_GetItem(ptr %store.list, i64 %store.place)
  call void @Py_IncRef(ptr %store.old)
  store ptr %store.old, ptr %store.new.at, align 8
  %store.set = call i32 @PyList_SetItem(ptr %store.list, i64 %store.place, ptr %store.new)
  br label %store.loop
store.all:
  br i1 %is.taker, label %store.taken, label %put
store.taken:
  store i64 0, ptr %taken, align 8{_takers("stored", "sub")}
  br label %put
{release("stored", "%outputs", "0", "%output.count", "leave")}"""
