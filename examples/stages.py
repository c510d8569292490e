"""A tour: one small function in every stage from Python to machine code, and its gradient.

Run `python examples/stages.py`, in a pipe too. Code of LLVM and the processor is cut; `--whole`
shows all of it.
"""

import sys
from collections import Counter

import numpy as np

import jitflow as jf
from jitflow.passes.manager import PassManager, format_timings
from jitflow.passes.pipeline import LOOPS, TENSOR


@jf.jit
def normalise(x):
    """Rows scaled to mean 0 and variance 1."""
    centred = x - x.mean(axis=1, keepdims=True)
    return centred / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)


@jf.jit
def loss(x, target):
    """Mean squared error of the normalised rows."""
    return ((normalise(x) - target) ** 2).mean()


STAGES = {
    "graph": "What Python did, with source lines. Nothing is simplified: the variance computes"
    " the mean a second time, and a jitted function that was called is still a `call`.",
    "ir": "One flat function over whole arrays: the call is inlined.",
    "opt": "What was there twice is computed once. Broadcasts took in the reshapes before them,"
    " and divisions by powers of two became products, which changes no bit.",
    "kernels": "Loops over memory, fused: one loop over the rows does all but the last sum, and of"
    " `centred` only one row is kept (the first alloc). f32<32> stands for 32 lanes.",
    "llvm": "The same ops in LLVM's language. LLVM chooses instructions and registers, no more.",
    "asm": "What the processor runs.",
}
"""What to look at in each stage."""


def main():
    types = jf.spec("f32[32, 64]"), jf.spec("f32[32, 64]")
    lowered = loss.lower(*types)
    for stage, sentence in STAGES.items():
        text = lowered.as_text(stage, locations=stage == "graph")
        show(f'loss.lower(...).as_text("{stage}")', sentence, text)

    manager = PassManager(timing=True)
    manager.run((*TENSOR, *LOOPS), loss.trace(*types).graph)
    timings = format_timings(manager.timings)
    show("passes", "From graph to kernels: time and number of ops, pass by pass.", timings)

    gradient = jf.grad(loss)
    sentence = (
        "Differentiation is a pass on the IR as well. What the loss computes and what its"
        " derivative needs is computed once, and fused together."
    )
    show("jf.grad(loss).lower(...).as_text()", sentence, gradient.lower(*types).as_text())

    random = np.random.default_rng(0)
    x, target = (random.standard_normal((32, 64), np.float32) for _ in types)
    calls = f"""\
loss(x, target)               {loss(x, target)}
again                         {loss(x, target)}
loss(x.astype(float), target) {loss(x.astype(float), target)}
jf.grad(loss)(x, target)      {gradient(x, target).dtype}{gradient(x, target).shape}
loss.cache_info()             {loss.cache_info()}"""
    show("calls", "Arrays in, arrays out. Each combination of types is compiled once.", calls)

    graph = loss.trace(*types).to_networkx()
    counts = Counter(op for _, op in graph.nodes(data="op"))
    text = f"{graph}\n" + ", ".join(f"{count} {op}" for op, count in counts.items())
    show("loss.trace(...).to_networkx()", "The graph, for tools that search or draw it.", text)


def show(title, sentence, text):
    """A heading, what to look at, and the text; 24 lines of code for machines are enough."""
    from rich.console import Console

    console = Console(highlight=False)
    lines = text.rstrip("\n").split("\n")
    if "--whole" not in sys.argv and title.endswith(('"llvm")', '"asm")')):
        lines[24:] = [f"... and {len(lines) - 24} more lines"]
    console.rule(title, align="left")
    console.print(sentence, style="italic", markup=False)
    console.print("", *lines, "", sep="\n", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
