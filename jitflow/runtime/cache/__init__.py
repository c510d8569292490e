"""Code kept on disk from one process to the next: files by keys. docs/cache.md tells the whole."""

from jitflow.runtime.cache.place import CacheWarning, folder, why_off
from jitflow.runtime.cache.store import discard, key_of, load, remove
from jitflow.runtime.cache.surroundings import keep, origin

__all__ = [
    "CacheWarning", "discard", "folder", "keep", "key_of", "load", "origin", "remove", "why_off",
]  # fmt: skip
