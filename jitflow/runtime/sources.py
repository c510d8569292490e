"""Which sources code comes from: another text after any edit of jitflow's own files."""

from __future__ import annotations

import os
import struct
from functools import cache

from jitflow import config
from jitflow.runtime.cache import key_of

_ROOMS = ("", "api", "codegen", "ir", "passes", "runtime")


@cache
def known_sources() -> str:
    """Those of jitflow, as they were when this process first asked."""
    return own_sources()


def own_sources() -> str:
    """Stands for jitflow's own sources; "" where they are not those of this process."""
    return sources(os.path.dirname(config.__file__), config.STARTED_NS)


def sources(root: str, since_ns: int) -> str:
    """Stands for the files under `root` that code comes from: another text after any edit.

    Places, sizes and times are asked, among them that of the last change of the file's entry, which
    nobody can set back. "" where there are no files, or one was changed `since_ns`, or goes while
    it is asked for: what was loaded is then perhaps not what is there.
    """
    facts: list[str] = []
    latest = 0
    try:
        for room in _ROOMS:
            latest = max(latest, _add_facts(facts, os.path.join(root, room), is_deep=bool(room)))
    except OSError:
        return ""
    if not facts or latest > since_ns:
        return ""
    return key_of(*sorted(facts))


def _add_facts(facts: list[str], folder: str, is_deep: bool) -> int:
    """Of each Python file: path, size, time of its content and time of its entry.

    The latest of the last is the result. Files are asked for by their names in the open folder,
    which takes half as long as by their paths, and every process asks.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        listed = sorted([name for name in os.listdir(handle) if name[0] != "."])  # no editor's
        names = [name for name in listed if name.endswith(".py")]
        found = [os.stat(name, dir_fd=handle) for name in names]
    finally:
        os.close(handle)
    if names:
        numbers = [n for x in found for n in (x.st_size, x.st_mtime_ns, x.st_ctime_ns)]
        packed = struct.pack(f"{len(numbers)}q", *numbers)  # faster than numbers as text
        facts.append("\0".join([folder, *names, packed.hex()]))
    latest = max([x.st_ctime_ns for x in found], default=0)
    if is_deep:
        inner = [name for name in listed if "." not in name and name != "__pycache__"]
        latest = max([latest, *[_add_facts(facts, f"{folder}/{name}", True) for name in inner]])
    return latest
