"""Entries of the cache folder: bytes by a key, one file each, whole or not there.

A file begins with a mark, a hash of all that follows, its key, and what it is for people to read.
Writers make it under another name and move it: readers in any process see all of it or nothing. A
file that is damaged, cut or another's is taken away, never read further. Knows no code.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from contextlib import suppress
from stat import S_ISREG
from time import time

from jitflow.config import settings
from jitflow.files import write_whole
from jitflow.runtime.cache.place import folder, warn_once

try:
    from _blake2 import blake2b  # hashlib also loads OpenSSL: longer than all else of a find
except ImportError:
    from hashlib import blake2b

FORMAT = 1
"""Files of other formats are another's."""

MARK = b"jitflow code"
SUFFIX, UNFINISHED = f".code{FORMAT}", f".part{FORMAT}"
USED_SECONDS = 3600
"""How far the time of a file's last use may lie behind."""

TRIMMED_AT = 64
"""One key in so many: saving it trims the folder, which takes a while where that is large."""

_HASH = 32
_HEAD = struct.Struct(f"<{_HASH}sI")
"""Key, and bytes of what the entry says of itself."""

_HASHED_FROM = len(MARK) + _HASH


def key_of(*parts: str) -> str:
    """What an entry for these texts is called."""
    return _digest("\0".join([f"{len(part)} {part}" for part in parts]).encode()).hex()


def load(key: str) -> bytes | None:
    """What was saved under the key, or None."""
    place = folder()
    if not place:
        return None
    path = _path(place, key)
    try:
        data, used = _content(path)
    except OSError:
        return None
    found = read(data, key)
    if found is None:
        discard(key)
        return None
    if abs(time() - used) > USED_SECONDS:
        with suppress(OSError):
            os.utime(path)
    return found[1]


def _content(path: str) -> tuple[bytes, float]:
    """What a file holds, nothing where it is none but a pipe, say, and when it was last used."""
    with open(path, "rb", opener=_open_at_once) as file:
        facts = os.fstat(file.fileno())
        return file.read() if S_ISREG(facts.st_mode) else b"", facts.st_mtime


def _open_at_once(path: str, flags: int) -> int:
    """A pipe's other end is not waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def save(key: str, content: bytes, about: Mapping[str, str]) -> None:
    """Keeps the content where the disk lets us; `about` is for people."""
    place = folder()
    if not place:
        return
    text = "\0".join([part for item in about.items() for part in item]).encode()
    rest = _HEAD.pack(bytes.fromhex(key), len(text)) + text + content
    with suppress(OSError):
        whole = MARK + _digest(rest) + rest
        write_whole(_path(place, key), whole, mode=0o600, suffix=UNFINISHED)
        if int(key, 16) % TRIMMED_AT == 0:
            _trim(place)


def discard(key: str) -> None:
    """Takes an entry away that is damaged."""
    path = _path(folder(), key)
    remove(path)
    warn_once(f"{path} was damaged, and is removed; its code is compiled anew")


def remove(path: str) -> bool:
    """Whether the file was there and is gone."""
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def _trim(place: str) -> None:
    """What most processes do not need is not loaded."""
    from jitflow.runtime.cache.listing import trim  # noqa: PLC0415

    trim(place, settings.cache_bytes)


def _path(place: str, key: str) -> str:
    return os.path.join(place, key + SUFFIX)


def read(data: bytes, key: str) -> tuple[bytes, bytes] | None:
    """What an entry says of itself, and its content; None where it is not whole, or another's."""
    rest = data[_HASHED_FROM:]
    if len(rest) < _HEAD.size or data[:_HASHED_FROM] != MARK + _digest(rest):
        return None
    name, length = _HEAD.unpack_from(rest)
    start = _HEAD.size + length
    return (rest[_HEAD.size : start], rest[start:]) if name.hex() == key else None


def described(about: bytes) -> dict[str, str]:
    """What an entry says of itself: names and values by turns."""
    parts = about.decode().split("\0")
    return dict(zip(parts[::2], parts[1::2], strict=False))


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_HASH).digest()
