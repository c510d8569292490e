"""The errors of checkpoints that cannot be read or written, or do not fit."""

from __future__ import annotations

from jitflow.errors import JitflowError


class CheckpointError(JitflowError, ValueError):
    """A checkpoint that is damaged, or that holds something else. Its text names the entry."""


class CheckpointWriteError(CheckpointError, OSError):
    """A checkpoint that the system does not let us write; nothing of it stays."""
