"""The stub's second half: outputs, the body, and what the call gives back.

`is.holder` says that the row must be owned while the body runs, as Python may forget it meanwhile.
"""

from __future__ import annotations

from jitflow.runtime.entry.stub_arena import give_arena, take_arena
from jitflow.runtime.entry.stub_outputs import outputs
from jitflow.runtime.entry.text import forget
from jitflow.runtime.entry.words import (
    MAKE_WORDS,
    OUTPUT_WORDS,
    Flag,
    Make,
    OutputWord,
    Process,
    RowWord,
    State,
)
from jitflow.runtime.stub_text import item, phi, release, word


def run() -> str:
    """Outputs, the arena, and the body."""
    return f"""
run:
  {word("output.count", "%row", RowWord.OUTPUT_COUNT)}
  {word("output.first", "%row", RowWord.OUTPUTS, "ptr")}
  {word("array.type", "%process", Process.ARRAY_TYPE, "ptr")}
  {word("leaf.count", "%row", RowWord.LEAF_COUNT)}
  %donates = and i64 %row.flags, {Flag.DONATES:d}
  %is.donor = icmp ne i64 %donates, 0
  br i1 %is.donor, label %donors, label %owned
{take_arena("make")}
{forget("busy", "%known", "end")}
make:
  %arena = phi ptr [ null, %own ], [ %arena.free, %took ], [ %arena.lent, %lent ]
  br label %output{outputs("make", "ready")}
ready:
  {word("body", "%row", RowWord.BODY, "ptr")}
  {word("context", "%row", RowWord.CONTEXT, "ptr")}
  {word("owner", "%row", RowWord.OWNER, "ptr")}
  %takes = and i64 %row.flags, {Flag.TAKES:d}
  %is.taker = icmp ne i64 %takes, 0
  br i1 %is.taker, label %alone, label %begin
begin:
  {word("calls", "%row", RowWord.CALLS)}
  %calls.now = add i64 %calls, 1
  store i64 %calls.now, ptr %calls.at, align 8
  %holds = and i64 %row.flags, {Flag.HOLDS_ROW:d}
  %is.holder = icmp ne i64 %holds, 0
  br i1 %is.holder, label %hold, label %plain
plain:
  %status.plain = call i32 %body(ptr %buffers, ptr null, ptr %arena, ptr %context)
  br label %ran
hold:
  %held.then = load ptr, ptr %held, align 8
  %is.held.then = icmp ne ptr %held.then, null
  br i1 %is.held.then, label %kept, label %keep
keep:
  call void @Py_IncRef(ptr %owner)
  store ptr %owner, ptr %held, align 8
  br label %kept
kept:
  %releases = and i64 %row.flags, {Flag.RELEASES_GIL:d}
  %is.released = icmp ne i64 %releases, 0
  br i1 %is.released, label %free.run, label %held.run
held.run:
  %status.held = call i32 %body(ptr %buffers, ptr null, ptr %arena, ptr %context)
  br label %ran
free.run:
  %thread = call ptr @PyEval_SaveThread()
  %status.free = call i32 %body(ptr %buffers, ptr null, ptr %arena, ptr %context)
  call void @PyEval_RestoreThread(ptr %thread)
  br label %ran
ran:
  {phi("status", "i32", plain="%status.plain", held_run="%status.held",
       free_run="%status.free", crowded="1")}
  br label %give
{give_arena("give", "returned")}
returned:
  %is.done = icmp eq i32 %status, 0
  br i1 %is.done, label %succeeded, label %failed
succeeded:
  br i1 %is.donor, label %late, label %build"""


def results() -> str:
    """Outputs as NumPy has them, in the structure that the function returned."""
    return f"""
build:
  %one.array = and i64 %row.flags, {Flag.ONE_ARRAY:d}
  %is.one.array = icmp ne i64 %one.array, 0
  br i1 %is.one.array, label %single, label %several
single:
  {item("first.output", "%outputs", "0")}
  br label %leave
several:
  {word("results", "%row", RowWord.RESULTS, "ptr")}
  {word("result.count", "%row", RowWord.RESULT_COUNT)}
  {word("new.scalar", "%process", Process.NEW_SCALAR, "ptr")}
  br label %scalar
scalar:
  %q = phi i64 [ 0, %several ], [ %q.next, %scalar.done ]
  %q.words = phi ptr [ %output.first, %several ], [ %q.words.next, %scalar.done ]
  %q.done = icmp eq i64 %q, %output.count
  br i1 %q.done, label %settle, label %scalar.one
scalar.one:
  {word("q.maker", "%q.words", OutputWord.MAKER, "ptr")}
  %q.is.scalar = icmp eq ptr %q.maker, null
  br i1 %q.is.scalar, label %scalar.make, label %scalar.done
scalar.make:
  {word("q.dtype", "%q.words", OutputWord.DTYPE, "ptr")}
  %q.local = getelementptr inbounds i128, ptr %scalars, i64 %q
  %q.made = call ptr %new.scalar(ptr %q.local, ptr %q.dtype, ptr null)
  %q.place = getelementptr inbounds ptr, ptr %outputs, i64 %q
  store ptr %q.made, ptr %q.place, align 8
  %q.failed = icmp eq ptr %q.made, null
  br i1 %q.failed, label %drop, label %scalar.done
scalar.done:
  %q.next = add i64 %q, 1
  %q.words.next = getelementptr inbounds i64, ptr %q.words, i64 {OUTPUT_WORDS}
  br label %scalar
put:
  %result.words = mul i64 %result.count, {MAKE_WORDS}
  %results.end = getelementptr inbounds i64, ptr %results, i64 %result.words
  br label %next
next:
  %make.words = phi ptr [ %results, %put ], [ %make.next, %pushed ]
  %height = phi i64 [ 0, %put ], [ %height.next, %pushed ]
  %is.built = icmp eq ptr %make.words, %results.end
  br i1 %is.built, label %built, label %make.one
make.one:
  {word("make.kind", "%make.words", 0)}
  {word("make.size", "%make.words", 1)}
  {word("make.keys", "%make.words", 2, "ptr")}
  {word("make.function", "%make.words", 3, "ptr")}
  %base = sub i64 %height, %make.size
  switch i64 %make.kind, label %make.constant [
    i64 {Make.OUTPUT:d}, label %make.output
    i64 {Make.OBJECT:d}, label %make.object
    i64 {Make.TUPLE:d}, label %make.tuple
    i64 {Make.LIST:d}, label %make.list
    i64 {Make.DICT:d}, label %make.dict
    i64 {Make.CALL:d}, label %make.call
    i64 {Make.LIST_LIKE:d}, label %make.like
    i64 {Make.DICT_LIKE:d}, label %make.like
  ]
make.output:
  {item("pushed.output", "%outputs", "%make.size")}
  store ptr null, ptr %pushed.output.at, align 8
  br label %push.new
make.object:
  {item("pushed.object", "%objects", "%make.size")}
  call void @Py_IncRef(ptr %pushed.object)
  br label %push.new
make.constant:
  call void @Py_IncRef(ptr %make.keys)
  br label %push.new
push.new:
  %new = phi ptr [ %pushed.output, %make.output ], [ %pushed.object, %make.object ],
      [ %make.keys, %make.constant ]
  br label %pushed
make.call:
  %call.args = getelementptr inbounds ptr, ptr %stack, i64 %base
  %call.unnamed = icmp eq ptr %make.keys, null
  %call.count = select i1 %call.unnamed, i64 %make.size, i64 0
  %call.result = call ptr @PyObject_Vectorcall(ptr %make.function, ptr %call.args,
      i64 %call.count, ptr %make.keys)
  %call.failed = icmp eq ptr %call.result, null
  br i1 %call.failed, label %unbuilt, label %spent
{release("spent", "%stack", "%base", "%height", "pushed")}
"""


def made() -> str:
    """Containers, which take over their parts."""
    return f"""
make.tuple:
  %new.tuple = call ptr @PyTuple_New(i64 %make.size)
  br label %fill
make.list:
  %new.list = call ptr @PyList_New(i64 %make.size)
  br label %fill
make.dict:
  %new.dict = call ptr @PyDict_New()
  br label %fill
make.like:
  %new.like = call ptr @PyObject_CallNoArgs(ptr %make.function)
  br label %fill
fill:
  {phi("filled", "ptr", make_tuple="%new.tuple", make_list="%new.list", make_dict="%new.dict",
       make_like="%new.like")}
  %fill.failed = icmp eq ptr %filled, null
  br i1 %fill.failed, label %unbuilt, label %fill.next
fill.next:
  %f = phi i64 [ 0, %fill ], [ %f.next, %fill.did ]
  %f.done = icmp eq i64 %f, %make.size
  br i1 %f.done, label %pushed, label %fill.one
fill.one:
  %f.from = add i64 %base, %f
  {item("part.made", "%stack", "%f.from")}
  store ptr null, ptr %part.made.at, align 8
  switch i64 %make.kind, label %fill.dict [
    i64 {Make.TUPLE:d}, label %fill.tuple
    i64 {Make.LIST:d}, label %fill.list
    i64 {Make.LIST_LIKE:d}, label %fill.end
  ]
fill.tuple:
  %tuple.set = call i32 @PyTuple_SetItem(ptr %filled, i64 %f, ptr %part.made)
  br label %fill.did
fill.list:
  %list.set = call i32 @PyList_SetItem(ptr %filled, i64 %f, ptr %part.made)
  br label %fill.did
fill.end:
  %end.set = call i32 @PyList_Append(ptr %filled, ptr %part.made)
  call void @Py_DecRef(ptr %part.made)
  br label %fill.did
fill.dict:
  {item("make.key", "%make.keys", "%f")}
  %dict.set = call i32 @PyDict_SetItem(ptr %filled, ptr %make.key, ptr %part.made)
  call void @Py_DecRef(ptr %part.made)
  br label %fill.did
fill.did:
  {phi("set", "i32", fill_tuple="%tuple.set", fill_list="%list.set", fill_dict="%dict.set",
       fill_end="%end.set")}
  %f.next = add i64 %f, 1
  %set.right = icmp eq i32 %set, 0
  br i1 %set.right, label %fill.next, label %fill.lost
fill.lost:
  call void @Py_DecRef(ptr %filled)
  br label %unbuilt
pushed:
  {phi("top", "ptr", push_new="%new", fill_next="%filled", spent_next="%call.result")}
  {phi("top.at.index", "i64", push_new="%height", fill_next="%base", spent_next="%base")}
  %top.at = getelementptr inbounds ptr, ptr %stack, i64 %top.at.index
  store ptr %top, ptr %top.at, align 8
  %height.next = add i64 %top.at.index, 1
  %make.next = getelementptr inbounds i64, ptr %make.words, i64 {MAKE_WORDS}
  br label %next
built:
  {item("result", "%stack", "0")}
  br i1 %is.storer, label %stored, label %leave
{release("unbuilt", "%stack", "0", "%height", "drop")}"""


def leave() -> str:
    """The ways out: a result, an error, or Python, which finds out why a check failed."""
    return f"""
failed:
  %is.check = icmp sgt i32 %status, 0
  br i1 %is.check, label %drop, label %report
report:
  {word("raise", "%row", RowWord.FAILED, "ptr")}
  %status.wide = sext i32 %status to i64
  %status.object = call ptr @PyLong_FromLong(i64 %status.wide)
  %status.lost = icmp eq ptr %status.object, null
  br i1 %status.lost, label %drop, label %raised
raised:
  %reported = call ptr @PyObject_CallOneArg(ptr %raise, ptr %status.object)
  call void @Py_DecRef(ptr %status.object)
  call void @Py_DecRef(ptr %reported)
  br label %drop
{give_arena("no.memory", "short")}
short:
  br label %dropped
drop:
  %again = phi i1 [ true, %failed ], [ false, %report ], [ false, %raised ],
      [ false, %scalar.make ], [ false, %unbuilt.next ], [ true, %check.lost ]
  br label %dropped
dropped:
  {phi("d.end", "i64", short="%o", drop="%output.count")}
  {phi("d.again", "i1", short="false", drop="%again")}
  %d.taken = load i64, ptr %taken, align 8
  %d.is.taken = icmp ne i64 %d.taken, 0
  br i1 %d.is.taken, label %back, label %undo
{release("undo", "%outputs", "0", "%d.end", "leave.empty")}
leave.empty:
  br label %leave
leave:
  {phi("answer", "ptr", leave_empty="null", built="%result", single="%first.output",
       stored_next="%result")}
  {phi("leave.again", "i1", leave_empty="%d.again", built="false", single="false",
       stored_next="false")}
  br label %forget
{forget("forget", "%known", "end")}
end:
  {phi("end.answer", "ptr", look="null", busy_all_next="null", fault_all_next="null",
       forget_all_next="%answer")}
  {phi("end.again", "i1", look="true", busy_all_next="true", fault_all_next="false",
       forget_all_next="%leave.again")}
  %end.held = load ptr, ptr %held, align 8
  %is.end.held = icmp ne ptr %end.held, null
  br i1 %is.end.held, label %let.go, label %exit
let.go:
  %end.deep = load i64, ptr %deep, align 8
  {word("depth.end", "%process", Process.DEPTH)}
  %depth.less = sub i64 %depth.end, %end.deep
  store i64 %depth.less, ptr %depth.end.at, align 8
  call void @Py_DecRef(ptr %end.held)
  br label %exit
exit:
  br i1 %end.again, label %miss, label %done
done:
  ret ptr %end.answer
miss:
  {word("python", "%state", State.MISS, "ptr")}
  %answer.python = musttail call ptr @PyObject_Vectorcall(ptr %python, ptr %args, i64 %flagged,
      ptr %names)
  ret ptr %answer.python"""
