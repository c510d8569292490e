"""Which names operations, variables and scopes may have."""

from __future__ import annotations

import re
from typing import Any

from jitflow.errors import ArgumentError
from jitflow.trace.source import fail

_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/-]*")


def checked_name(name: Any, what: str = "node") -> str:
    """The name; ArgumentError for what names cannot be."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.endswith("/"):
        cure = "letters and digits first, then also _ . - and / between scopes"
        fail(ArgumentError, f"{name!r} is no name of a {what}", cure=cure)
    return name
