"""What the stub and Python agree on: the order of words in the tables that the stub reads.

All tables are 64-bit words. A word is a number, an address, or a borrowed reference to an object
that whoever made the table keeps alive.
"""

from __future__ import annotations

from enum import IntEnum

LEAVES, OBJECTS = 2048, 4096
"""The most buffers of a body, and the most objects in the arguments of a call, that a row takes."""

MAX_DEPTH = 16
"""Of calls within calls of rows that run Python; deeper ones are Python's, which counts frames.

Each has room for all leaves and objects on the stack: 160 KiB.
"""


class State(IntEnum):
    """Of one function: what its object points to."""

    ROWS = 0
    MISS = 1
    PROCESS = 2


class Process(IntEnum):
    """Of the process."""

    TRACES = 0
    """Address of the number of traces in progress: while there are any, Python decides."""
    ARRAY_TYPE = 1
    NEW_SCALAR = 2
    TRUE = 3
    FROM_ARRAY = 4
    DEPTH = 5
    """Calls of rows that run Python, in progress; each may call jitted functions again."""
    BUSY = 6
    """What a list has in the place of an array that a call is writing over."""
    TAKERS = 7
    """Calls that write over arrays of lists, in progress."""


class RowWord(IntEnum):
    """Of a row: one signature, and the code for it."""

    NEXT = 0
    FINGERPRINT = 1
    """Of arguments that the row may fit (`Program.fingerprint`); 0 where that says nothing."""
    POSITIONAL = 2
    KEYWORDS = 3
    NAMES = 4
    GUARDS = 5
    GUARD_COUNT = 6
    BODY = 7
    OUTPUTS = 8
    OUTPUT_COUNT = 9
    ARENA = 10
    """Address of a word that holds the row's arena, or 0 while a call has it; 0 for none."""
    CONTEXT = 11
    FLAGS = 12
    RESULTS = 13
    RESULT_COUNT = 14
    OWNER = 15
    CALLS = 16
    FAILED = 17
    LEAF_COUNT = 18
    DONATIONS = 19
    DONATION_COUNT = 20
    LEAF_BYTES = 21
    """Address of the bytes of each leaf, 0 where it is no array; read where there are donations."""
    ARENA_BYTES = 22
    """Of an arena that each call takes from the pool; 0 for a small one, or none."""
    POOL = 23
    POOL_TAKE = 24
    POOL_GIVE = 25
    """The pool, and functions of it, for that arena."""
    STORES = 26
    STORE_COUNT = 27
    MOST_CALLS = 28
    """How many calls the row takes."""


FACTOR = 0x9E37_79B9_7F4A_7C15
"""A fingerprint is 0 to begin with, and times this, plus the next word, for each word."""


class Flag(IntEnum):
    """Of a row."""

    RELEASES_GIL = 1
    HOLDS_ROW = 2
    """Python may run during the body, and forget the row."""
    RUNS_PYTHON = 4
    """Python may run while guards are asked, or results are put together."""
    DONATES = 8
    ONE_ARRAY = 16
    """The result is the first output, an array."""
    TAKES = 32
    """Outputs are arrays of lists: what the stores of the row say is out of the lists meanwhile."""


class Guard(IntEnum):
    """What a guard asks of an object; an object that does not fit leads on to the next row.

    Words of a guard: this, the number of the object, its exact type, then three of its own.
    """

    ARRAY = 0
    """dtype; flags that must be set, below the rank; address of shape, then strides in bytes.

    Bit 63 of the flags: strides count too; bit 62: without these flags it is copied in C order.
    """
    IN_PLACE = 1
    """offset of the value"""
    INT = 2
    BOOL = 3
    TUPLE = 4
    """length"""
    LIST = 5
    """length"""
    DICT = 6
    """length, address of the keys"""
    SAME = 7
    """the object"""
    EQUAL = 8
    """an object of a type whose == runs no Python"""
    CAPTURED = 9
    """the object: no part of the arguments, and known from here on"""
    BITS = 10
    """offset of a word, the word, which of its bits count"""
    HASHED = 11
    """an object that is equal, its hash"""
    ATTRIBUTE = 12
    """name: the attribute is known from here on"""
    CALL = 13
    """function: what it makes of the object is known from here on"""
    ITEM = 14
    """place: what a list has there is known from here on"""
    TICK = 15
    """an array of one integer, which goes up by 1 and is a buffer with the new value"""


GUARD_WORDS = 6


class OutputWord(IntEnum):
    """Of an output."""

    DTYPE = 0
    RANK = 1
    SHAPE = 2
    MAKER = 3
    """Address of what makes the array, as PyArray_NewFromDescr does; 0 for a scalar."""

    TAKES = 4
    """The number of the object that is the output, and 1; 0 where one is made."""

    TEMPLATE = 5
    """An array that it is like, but for its memory; 0 where MAKER makes it."""

    BYTES = 6
    MEMORY = 7
    MEMORY_CONTEXT = 8
    """Of one with a template: its size, what gives memory, and the first argument of that."""


OUTPUT_WORDS = 9


class Donation(IntEnum):
    """Of an array that an output takes, while the code runs or after it."""

    LEAF = 0
    OBJECT = 1
    OUTPUT = 2
    BYTES = 3
    ALIGNMENT = 4
    """Bits of the address that must be 0."""


DONATION_WORDS = 5


class Store(IntEnum):
    """Of an output that a list keeps once the call has succeeded; the call then drops the old."""

    LIST = 0
    PLACE = 1
    OUTPUT = 2
    FOUND = 3
    """The number of the object that was there, and 1; 0 where it does not count.

    Where another call has put one there since, nothing is stored, and Python takes the call.
    """
    IS_TAKEN = 4
    """Whether that object, an array, is the output; nobody else may have it then."""


STORE_WORDS = 5


class Make(IntEnum):
    """How results are put together: each takes its parts from a stack, and pushes what it makes."""

    OUTPUT = 0
    """number of the output"""
    TUPLE = 1
    """length"""
    LIST = 2
    """length"""
    DICT = 3
    """length, address of the keys"""
    CONSTANT = 4
    """0, the object"""
    CALL = 5
    """number of arguments, their names or 0, the function"""
    LIST_LIKE = 6
    """length, 0, a class made of list"""
    DICT_LIKE = 7
    """length, address of the keys, a class made of dict"""
    OBJECT = 8
    """number of an object of the call"""


MAKE_WORDS = 4
