"""The error of exports."""

from __future__ import annotations

from jitflow.errors import JitflowError


class ExportError(JitflowError, ValueError):
    """A function that cannot be exported, or a file that cannot be read. Its text says which."""
