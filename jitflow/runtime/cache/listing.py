"""All files of the cache folder together: what there is, and what must go. Knows no code."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from time import time
from typing import NamedTuple

from jitflow.runtime.cache.place import folder
from jitflow.runtime.cache.store import SUFFIX, UNFINISHED, described, read, remove

ABANDONED_SECONDS = 3600
"""A file that is unfinished for so long was left behind by a process that died."""


class Entry(NamedTuple):
    """A file of the folder; `used` is the time of its last use, to the hour.

    about: what an entry says of itself; None where it is damaged, or not finished.
    """

    path: str
    size: int
    used: float
    about: Mapping[str, str] | None

    @property
    def is_unfinished(self) -> bool:
        """Whether a process is writing it, or died over it."""
        return self.path.endswith(UNFINISHED)


def entries() -> Iterator[Entry]:
    """All files of the cache, whole or not; unfinished ones among them."""
    for path, found in _files(folder()):
        about = None
        if path.endswith(SUFFIX):
            with suppress(OSError), open(path, "rb") as file:
                parts = read(file.read(), os.path.basename(path).removesuffix(SUFFIX))
                about = described(parts[0]) if parts is not None else None
        yield Entry(path, found.st_size, found.st_mtime, about)


def trim(place: str, most: int) -> None:
    """Removes what was used longest ago, until a quarter of `most` bytes is free; and leftovers."""
    now, total, whole = time(), 0, []
    for path, found in _files(place):
        if path.endswith(SUFFIX):
            total += found.st_size
            whole.append((found.st_mtime, found.st_size, path))
        elif now - found.st_mtime > ABANDONED_SECONDS:
            remove(path)
    if total <= most:
        return
    for _, size, path in sorted(whole):
        if total <= most * 3 // 4:
            return
        remove(path)
        total -= size


def _files(place: str) -> Iterator[tuple[str, os.stat_result]]:
    """The cache's own files in the folder; there may be others."""
    if not place:
        return
    with suppress(OSError), os.scandir(place) as found:
        for item in found:
            if item.name.endswith((SUFFIX, UNFINISHED)):
                with suppress(OSError):
                    facts = item.stat(follow_symlinks=False)
                    if stat.S_ISREG(facts.st_mode):
                        yield item.path, facts
