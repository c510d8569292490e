"""Code kept on disk from one process to the next: files by keys. docs/cache.md tells the whole."""

from jitflow.runtime.cache.place import CacheWarning, folder, why_off
from jitflow.runtime.cache.store import discard, entries, key_of, load, save
from jitflow.runtime.cache.surroundings import origin

__all__ = [
    "CacheWarning", "discard", "entries", "folder", "key_of", "load", "origin", "save", "why_off",
]  # fmt: skip
