"""Code kept on disk from one process to the next: files by keys. docs/cache.md tells the whole."""

from jitflow.runtime.cache.place import CacheWarning, folder, why_off
from jitflow.runtime.cache.plain import UNREADABLE, load_plain
from jitflow.runtime.cache.store import discard, key_of, load, remove, save

__all__ = [
    "UNREADABLE", "CacheWarning", "discard", "folder", "key_of", "load", "load_plain", "remove",
    "save", "why_off",
]  # fmt: skip
