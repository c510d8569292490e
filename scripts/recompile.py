"""Compiles new functions and shows what the process holds: `python scripts/recompile.py`.

A count as argument says how many (10,000 unless given). Memory must stop growing after the first
one or two thousand, which fill caches of a stated size. Exits with 1 where it does not.
"""

import gc
import resource
import sys
from pathlib import Path

import numpy as np

import jitflow as jf

WARM_UP = 1500
MOST_BYTES_EACH = 400
"""Growth per compilation that is taken: LLVM's linker keeps as much of every module."""


def compile_one(number):
    """A function with constants that no other has; nothing of it stays with the caller."""
    x = np.arange(8.0)
    f = jf.jit(lambda x: np.maximum(x * float(number), 1.0) + x.sum())
    assert f(x)[0] == 1.0 + x.sum()


def held():
    """Resident bytes, memory maps, objects that the collector knows."""
    gc.collect()
    status = Path("/proc/self/statm")
    pages = int(status.read_text().split()[1]) if status.exists() else 0
    maps = Path("/proc/self/maps")
    count = len(maps.read_text().splitlines()) if maps.exists() else 0
    return pages * resource.getpagesize(), count, len(gc.get_objects())


def main(count):
    for number in range(WARM_UP):
        compile_one(number)
    start = held()
    print("compiled  resident MB  maps  objects")
    for done in range(0, count, max(1, count // 10)):
        for number in range(done, done + max(1, count // 10)):
            compile_one(WARM_UP + number)
        size, maps, objects = held()
        print(f"{done + count // 10:8}  {size / 1e6:11.1f}  {maps:4}  {objects:7}", flush=True)
    grown = [now - before for now, before in zip(held(), start, strict=True)]
    print(f"grown by {grown[0]} bytes, {grown[1]} maps, {grown[2]} objects")
    return int(grown[0] > count * MOST_BYTES_EACH + (4 << 20) or grown[1] > 50 or grown[2] > 500)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
