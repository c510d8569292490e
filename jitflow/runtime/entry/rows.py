"""Rows of the stub's table: one signature each, and the code that serves it.

Knows no guards: `programs.py` hands them over as words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jitflow.runtime.entry.programs import Kept, Program, Results, TooLarge, Words
from jitflow.runtime.entry.templates import memory_source, template
from jitflow.runtime.entry.words import GUARD_WORDS, LEAVES, MAKE_WORDS, Flag, RowWord
from jitflow.runtime.memory import ALIGNMENT

if TYPE_CHECKING:
    from jitflow.runtime.executable import Executable

_ALWAYS = (1 << 64) - 1


class Row:
    """One signature and its code, as words; `owner` of all that it needs."""

    def __init__(
        self,
        program: Program,
        results: Results,
        executable: Executable,
        donated: Sequence[tuple[int, int, bool]] = (),
        stores: Sequence[Kept] = (),
    ) -> None:
        """donated: outputs and the leaves that they take, by number; at once or at the end.

        stores: outputs that lists keep if the call succeeds.
        """
        body = executable.body
        if program.leaves != len(body.inputs) or program.leaves + len(body.outputs) > LEAVES:
            raise TooLarge(f"a native call has at most {LEAVES} buffers, each from one leaf")
        failed = executable.fail
        keeps: list[Any] = [program, results, failed]
        given, taken = _donations(program, executable, donated)
        taken |= {kept.output: kept.words[3] for kept in stores if kept.is_taken}
        sizes = Words([program.arrays.get(leaf, (0, 0))[1] for leaf in range(program.leaves)])
        names = Words([id(name) for name in program.names])
        guards, made = Words(program.words), Words(results.words)
        out = _outputs(executable, taken)
        lender = executable.lender
        has_own = body.arena_bytes and lender is None
        start, memory = executable.new_arena() if has_own else (0, None)
        arena = Words([start])
        stored = Words([word for kept in stores for word in kept.words], stores)
        keeps += [names, guards, made, out, memory, arena, given, sizes, stored]
        self.identity = tuple(program.identity)
        self.keeps = keeps
        self.executable = executable
        flags = Flag.RELEASES_GIL | Flag.HOLDS_ROW if body.is_long else 0
        flags |= Flag.HOLDS_ROW if body.host_calls else 0
        flags |= Flag.RUNS_PYTHON if program.runs_python or results.runs_python else 0
        flags |= Flag.DONATES if donated else 0
        flags |= Flag.TAKES if any(kept.is_taken for kept in stores) else 0
        is_one_array = results.is_one and body.outputs[0].rank and not stores
        flags |= Flag.ONE_ARRAY if is_one_array else 0
        words = {
            RowWord.POSITIONAL: program.positional,
            RowWord.KEYWORDS: len(program.names),
            RowWord.NAMES: names.address,
            RowWord.GUARDS: guards.address,
            RowWord.GUARD_COUNT: len(program.words) // GUARD_WORDS,
            RowWord.OUTPUTS: out.address,
            RowWord.OUTPUT_COUNT: len(body.outputs),
            RowWord.ARENA: arena.address if start else 0,
            RowWord.CONTEXT: executable.context or 0,
            RowWord.FLAGS: flags,
            RowWord.RESULTS: made.address,
            RowWord.RESULT_COUNT: len(results.words) // MAKE_WORDS,
            RowWord.OWNER: id(self),
            RowWord.FAILED: id(failed),
            RowWord.LEAF_COUNT: program.leaves,
            RowWord.DONATIONS: given.address,
            RowWord.DONATION_COUNT: len(donated),
            RowWord.LEAF_BYTES: sizes.address,
            RowWord.STORES: stored.address,
            RowWord.STORE_COUNT: len(stores),
            RowWord.FINGERPRINT: program.fingerprint,
        }
        if lender is not None:
            words[RowWord.ARENA_BYTES] = body.arena_bytes
            words[RowWord.POOL], words[RowWord.POOL_TAKE], words[RowWord.POOL_GIVE] = lender
        self.words = Words([words.get(word, 0) for word in RowWord])
        executable.serve(self)

    def use(self, address: int) -> None:
        """Has calls from now on run the code there."""
        self.words.memory[RowWord.BODY] = address

    def limit(self, calls: int | None) -> None:
        """Leaves further calls to Python once there were so many of this row; None: never."""
        self.words.memory[RowWord.MOST_CALLS] = _ALWAYS if calls is None else calls

    def put_before(self, row: Row | None) -> None:
        """Has the stub ask this row before another one, which lives as long."""
        self._next = row
        self.words.memory[RowWord.NEXT] = 0 if row is None else row.words.address

    @property
    def calls(self) -> int:
        """How often the stub called this row."""
        return int(self.words.memory[RowWord.CALLS])

    @property
    def is_spent(self) -> bool:
        """Whether it takes no more calls, until there is full code."""
        return self.executable.patience is not None and (
            self.calls >= int(self.words.memory[RowWord.MOST_CALLS])
        )


def _outputs(executable: Executable, taken: Mapping[int, int]) -> Words:
    """The table of outputs; TooLarge where only Python can make one."""
    words: list[int] = []
    keeps: list[Any] = []
    for k, (type, maker) in enumerate(zip(executable.body.outputs, executable.makers, strict=True)):
        if type.rank and not maker.address:
            raise TooLarge("a result that only Python can align")
        dtype, shape = type.dtype.numpy, tuple(int(n) for n in type.shape)  # type: ignore[arg-type]
        extents, like = Words(shape), template(shape, dtype, maker.address)
        keeps += [dtype, extents, like]
        words += [id(dtype), type.rank, extents.address, maker.address if type.rank else 0]
        words.append(taken.get(k, 0))
        words += [0] * 4 if like is None else [id(like), like.nbytes, *memory_source()]
    return Words(words, keeps)


def _donations(
    program: Program, executable: Executable, donated: Sequence[tuple[int, int, bool]]
) -> tuple[Words, dict[int, int]]:
    """The table of donations, and which object each output is that takes one at once."""
    words: list[int] = []
    taken: dict[int, int] = {}
    for output, leaf, in_place in donated:
        number, nbytes = program.arrays[leaf]
        is_aligned = in_place and output in executable.body.streamed
        words += [leaf, number, output, nbytes, ALIGNMENT - 1 if is_aligned else 0]
        if in_place:
            taken[output] = number + 1
    return Words(words), taken
