"""The error of a checkpoint that cannot be read or does not fit."""

from __future__ import annotations

from jitflow.errors import JitflowError


class CheckpointError(JitflowError, ValueError):
    """A checkpoint that is damaged, or that holds something else. Its text names the entry."""
