"""Errors of running graphs, in the words that graph systems of the TensorFlow family use.

`[[Node: ...]]` is the node that the run stopped at; the line that made it stands above.
"""

from __future__ import annotations

from jitflow.errors import JitflowError


class InvalidArgumentError(JitflowError, ValueError):
    """A run that lacks a feed, or was given one that its placeholder does not take."""


class FailedPreconditionError(JitflowError, RuntimeError):
    """A run that reads a variable without a value."""
