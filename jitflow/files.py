"""Files that are written whole or not at all: aside first, then moved to their place.

Knows nothing of what is in them. Loads nothing but `os`: the cache of code asks for it.
"""

from __future__ import annotations

import os
from contextlib import suppress

UNFINISHED = ".part"


def write_whole(
    path: str, data: bytes, *, mode: int = 0o666, flush: bool = False, suffix: str = UNFINISHED
) -> None:
    """The file, whole; OSError where it is as if nothing had been done.

    A file that was there is replaced, and its mode stays; `mode`, less the umask, is that of new
    ones. flush: it is on the disk when this returns. suffix: what the name ends in meanwhile.
    """
    draft = f"{path}.{os.urandom(8).hex()}{suffix}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    handle = os.open(draft, flags | getattr(os, "O_BINARY", 0), mode)
    try:
        with open(handle, "wb", buffering=0) as file:
            with suppress(FileNotFoundError):
                os.chmod(draft, os.stat(path).st_mode & 0o777)
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            if flush:
                os.fsync(handle)
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise
