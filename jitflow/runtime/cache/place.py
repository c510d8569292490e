"""Where code is kept on disk, and whether it is; the one warning that a process gives about that.

What lies in the folder is run: nobody but its owner may write there, and that is this user or root.
"""

from __future__ import annotations

import os
import stat
import sys
import warnings
from functools import cache

from jitflow.config import settings

OFF = "off"


class CacheWarning(RuntimeWarning):
    """Kept code is damaged, or cannot be kept; programs run, but start slower."""


@cache
def folder() -> str:
    """`JITFLOW_CACHE_DIR`, or jitflow's own among the user's caches; "" where nothing is kept."""
    return "" if why_off() else _place()


@cache
def why_off() -> str:
    """What keeps code from being kept on disk; "" where nothing does."""
    if settings.cache_dir == OFF:
        return f"JITFLOW_CACHE_DIR is {OFF}"
    if settings.cache_bytes <= 0:
        return f"JITFLOW_CACHE_BYTES is {settings.cache_bytes}"
    place = _place()
    problem = _make(place)
    if not problem:
        return ""
    if settings.cache_dir:
        warn_once(f"{place}: {problem}; code is not kept on disk")
    return f"{place}: {problem}"


def _place() -> str:
    return os.path.join(settings.cache_dir or _users_cache(), "code")


def _users_cache() -> str:
    """By the platform's convention, which is XDG's where it is not macOS."""
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Caches/jitflow")
    root = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(root):
        root = os.path.expanduser("~/.cache")
    return os.path.join(root, "jitflow")


def _make(place: str) -> str:
    """Makes the folder where there is none; the problem where it cannot be made or trusted."""
    if place.startswith("~"):
        return "this user has no home folder"
    try:
        os.makedirs(place, mode=0o700, exist_ok=True)
        found = os.stat(place)
    except OSError as error:
        return error.strerror or str(error)
    if hasattr(os, "getuid") and found.st_uid not in (0, os.getuid()):
        return "it belongs to another user"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others may write there"
    return ""


_warned: list[str] = []


def warn_once(message: str) -> None:
    """Warns, the first time in a process; where warnings are errors, a cache stops nobody."""
    if _warned:
        return
    _warned.append(message)
    try:
        warnings.warn(message, CacheWarning, stacklevel=2)
    except CacheWarning:
        return
