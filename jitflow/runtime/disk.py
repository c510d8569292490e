"""Object files kept on disk from one process to the next, by a key that stands for what made them.

A file holds the hash of its content, and is written whole or not at all. A folder that cannot be
read or written, and a file that is damaged, are the same as no file. Knows no LLVM.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

from jitflow.config import settings

_ROOMS = ("ir", "passes", "codegen", "runtime")
_HASH_BYTES = hashlib.sha256().digest_size


def key_of(*parts: str) -> str:
    """A file name for what these texts describe."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def load(key: str) -> bytes | None:
    """The object of that key, or None."""
    place = folder()
    if place is None:
        return None
    try:
        data = (place / key).read_bytes()
    except OSError:
        return None
    digest, image = data[:_HASH_BYTES], data[_HASH_BYTES:]
    return image if hashlib.sha256(image).digest() == digest else None


def save(key: str, image: bytes) -> None:
    """Keeps an object where the disk lets us; other processes see all of it or nothing."""
    place = folder()
    if place is None:
        return
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place, prefix=".")
        try:
            with open(handle, "wb") as file:
                file.write(hashlib.sha256(image).digest() + image)
            os.replace(name, place / key)
        except OSError:
            os.unlink(name)
            raise
    except OSError:
        return


@cache
def sources() -> str:
    """Stands for jitflow's own files that code comes from: another text after any edit.

    Names, sizes and times are asked, as Python does for its bytecode.
    """
    root = os.path.dirname(os.path.dirname(__file__))
    facts: list[tuple[str, int, int]] = []
    for room in _ROOMS:
        for folder, _, names in os.walk(os.path.join(root, room)):
            for path in [os.path.join(folder, name) for name in names if name.endswith(".py")]:
                found = os.stat(path)
                facts.append((path, found.st_size, found.st_mtime_ns))
    return key_of(repr(sorted(facts)))


@cache
def folder() -> Path | None:
    """`JITFLOW_CACHE_DIR`, or jitflow's own folder among the user's caches; None where it is off.

    A folder that somebody else owns is not used: what lies in it is run.
    """
    import platformdirs  # noqa: PLC0415

    if settings.cache_dir == "off":
        return None
    root = settings.cache_dir or platformdirs.user_cache_dir("jitflow", appauthor=False)
    place = Path(root) / "objects"
    try:
        if hasattr(os, "getuid") and place.stat().st_uid != os.getuid():
            return None
    except OSError:
        pass  # not there yet
    return place
