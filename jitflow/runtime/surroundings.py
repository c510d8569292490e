"""What code depends on beside the function that it computes, as one text.

That is jitflow's own sources, the packages that compute and compile, the machine, and the settings.
Two processes with equal origins make equal code of equal functions; what a pass or code generation
reads of its surroundings must be here, in the target, or among the options of the pipeline.
"""

from __future__ import annotations

import sys
from dataclasses import fields
from functools import cache, lru_cache
from importlib import import_module
from time import monotonic

import numpy as np

from jitflow.config import settings
from jitflow.runtime.cache import key_of, save
from jitflow.runtime.cache.place import OFF
from jitflow.runtime.machine import machine, package_file
from jitflow.runtime.sources import known_sources, own_sources

_NOT_IN_CODE = frozenset(
    ("cache_dir", "cache_bytes", "debug", "native_entry", "num_threads", "pool_bytes")
)
"""Settings that no code depends on; any other one, also one that is new, tells code apart."""

if settings.cache_dir != OFF:
    known_sources()  # now, as they are what this process loads; and no call waits for it


@cache
def origin() -> str:
    """The text; "" where the sources are not those of this process, and nothing must be kept."""
    found = known_sources()
    if not found:
        return ""
    python = f"{sys.implementation.cache_tag} {sys.version} {sys.abiflags} {sys.byteorder}"
    compiler, target = machine()
    packages = f"{np.__version__} {_bfloat16()} {compiler}"
    chosen = [getattr(settings, f.name) for f in fields(settings) if f.name not in _NOT_IN_CODE]
    return key_of(found, python, packages, repr(target), repr(chosen))


def _bfloat16() -> str:
    """The version of the package that knows bfloat16; loaded only where its file does not say."""
    return package_file("ml_dtypes", "__init__.py") or str(import_module("ml_dtypes").__version__)


def keep(key: str, content: bytes, kind: str, name: str, at: str = "") -> None:
    """Saves what this process made, unless its sources were changed meanwhile: a part of them may
    have been loaded since.
    """
    if _is_current(int(monotonic())):
        save(key, content, {"kind": kind, "name": name, "at": at, "origin": origin()})


@lru_cache(1)
def _is_current(second: int) -> bool:
    """Asked once a second at most, as it takes longer than to save."""
    return bool(own_sources())
