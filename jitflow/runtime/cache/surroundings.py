"""What code depends on beside the function that it computes, as one text.

That is jitflow's own sources, the packages that compute and compile, the machine, and the settings.
Two processes with equal origins make equal code of equal functions; what a pass or code generation
reads of its surroundings must be here, in the target, or among the options of the pipeline.
"""

from __future__ import annotations

import os
import sys
from dataclasses import fields
from functools import cache, lru_cache
from time import monotonic

import ml_dtypes
import numpy as np

from jitflow import config
from jitflow.config import settings
from jitflow.runtime.cache.store import key_of, save
from jitflow.runtime.engine import engine
from jitflow.runtime.target import host_target

_ROOMS = ("", "api", "codegen", "ir", "passes", "runtime")
_NOT_IN_CODE = frozenset(
    ("cache_dir", "cache_bytes", "debug", "native_entry", "num_threads", "pool_bytes")
)
"""Settings that no code depends on; any other one, also one that is new, tells code apart."""


@cache
def origin() -> str:
    """The text; "" where the sources are not those of this process, and nothing must be kept."""
    found = _own_sources()
    if not found:
        return ""
    python = f"{sys.implementation.cache_tag} {sys.version} {sys.abiflags} {sys.byteorder}"
    packages = f"{np.__version__} {ml_dtypes.__version__} {engine().version}"
    chosen = [getattr(settings, f.name) for f in fields(settings) if f.name not in _NOT_IN_CODE]
    return key_of(found, python, packages, repr(host_target()), repr(chosen))


def keep(key: str, content: bytes, kind: str, name: str, at: str = "") -> None:
    """Saves what this process made, unless its sources were changed meanwhile: a part of them may
    have been loaded since.
    """
    if _is_current(int(monotonic())):
        save(key, content, {"kind": kind, "name": name, "at": at, "origin": origin()})


@lru_cache(1)
def _is_current(second: int) -> bool:
    """Asked once a second at most, as it takes longer than to save."""
    return bool(_own_sources())


def _own_sources() -> str:
    return sources(os.path.dirname(config.__file__), config.STARTED_NS)


def sources(root: str, since_ns: int) -> str:
    """Stands for the files under `root` that code comes from: another text after any edit.

    Places, sizes and times are asked, among them that of the last change of the file's entry, which
    nobody can set back. "" where there are no files, or one was changed `since_ns`: what was loaded
    is then perhaps not what is there.
    """
    facts: list[tuple[str, int, int, int]] = []
    for room in _ROOMS:
        _add_facts(facts, os.path.join(root, room), is_deep=bool(room))
    if not facts or max([changed for *_, changed in facts]) > since_ns:
        return ""
    return key_of(repr(sorted(facts)))


def _add_facts(facts: list[tuple[str, int, int, int]], folder: str, is_deep: bool) -> None:
    """Of each Python file: path, size, time of its content and time of its entry."""
    try:
        items = os.scandir(folder)
    except OSError:
        return
    for item in items:
        if item.name.endswith(".py"):
            found = item.stat()
            facts.append((item.path, found.st_size, found.st_mtime_ns, found.st_ctime_ns))
        elif is_deep and item.is_dir() and item.name != "__pycache__":
            _add_facts(facts, item.path, is_deep)
