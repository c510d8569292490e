"""The order of the passes: one literal tuple a stage, a reason a line. Nothing else orders them."""

from functools import cache

from jitflow.passes.stream_size import stream_bytes

TENSOR: tuple[str, ...] = (
    "inline",  # calls first, so that every later pass sees one flat function
    "dce",  # what nobody uses, so that the passes that take longest do not see it
    "split_complex",  # real values from here on, so that no later pass knows complex ones
    "fold",  # constants, before the rules that ask for them
    "hoist_views",  # next to other views, where canonicalize joins them
    "canonicalize",  # one form for equal ops, so that cse finds them
    "cse",  # after equal ops got one form
    "dce",  # after the passes that leave unused ops behind
)
"""Level 2 to level 2: what the user wrote, without what need not be computed."""

LOOPS: tuple[str, ...] = (
    "halves",  # 16-bit floats are f32 to all that computes; before it is known what fuses
    "halos",  # rolls as slices, which fuse with what uses them
    "flatten",  # reductions by shape alone, before ops are grouped by shape
    "pointwise",  # reads at computed places, as ops that fuse
    "fuse",  # what is computed together, while ops still name whole arrays
    "lower",  # arrays become buffers, kernels become loops
    "unroll",  # short rows, so that loops over rows meet as loops of the same kind
    "fuse_loops",  # rows of one kernel meet rows of the next; needs plain scalar loops
    "contract",  # rows that one iteration fills and reads; after loops were merged
    "forward_stores",  # loads of what the same iteration stored; after buffers shrank
    "blocks",  # what sequential loops read, as they need it; once no loop meets another
    "share",  # equal nests, once no loop meets another; what follows sees each of them once
    "panels",  # reads across lines of memory, block by block; of scalar loops
    "strips",  # sequential loops around short parallel ones, which vectorize then takes
    "phases",  # long bodies of math, while they are scalar loops
    "vectorize",  # lanes last, so that what stands above sees one element at a time
    "interleave",  # parts of complex results, once they are lanes
    "expand",  # math rows on the lanes that vectorize chose
    "half_bits",  # conversions that are left, on the lanes that vectorize chose
    "cse",  # constants and masks that expansions and tails repeat
    "dce",  # scalars that lanes replaced
    "outline",  # long straight code in parts, when no op is made any more
    "stream",  # large results past the caches, when their stores are final
    "partials",  # reductions to few values as loops that threads can share
    "parallelize",  # loops over threads, when nothing changes a loop any more
    "assign",  # offsets, when no temporary will go or shrink any more
)
"""Level 2 to level 3 ready for code: loops over buffers."""


@cache
def loops_for(
    vector_bytes: int, registers: int, f16c: bool = False, cache_bytes: int = 0
) -> tuple[str, ...]:
    """LOOPS for a target: how wide its vector registers are, and how many it has.

    f16c: it converts between f16 and f32 itself. cache_bytes: of its last cache, 0 if not known.
    """
    options = {
        "lower": f"lower{{vector_bytes={vector_bytes}, registers={registers}}}",
        "panels": f"panels{{vector_bytes={vector_bytes}}}",
        "vectorize": f"vectorize{{vector_bytes={vector_bytes}}}",
        "partials": f"partials{{vector_bytes={vector_bytes}}}",
        "parallelize": f"parallelize{{vector_bytes={vector_bytes}}}",
        "half_bits": f"half_bits{{f16c={str(f16c).lower()}}}",
        "stream": f"stream{{bytes={stream_bytes(cache_bytes)}}}",
    }
    return tuple(options.get(name, name) for name in LOOPS)
