"""Imports of the peers that need a word at run time to use one thread only."""

from typing import Any


def import_jax() -> Any:
    """JAX that runs each computation where it was called, in place of a thread of its own."""
    import jax

    jax.config.update("jax_cpu_enable_async_dispatch", False)
    return jax


def import_torch() -> Any:
    import torch

    torch.set_num_threads(1)
    return torch


def import_numexpr() -> Any:
    import numexpr

    numexpr.set_num_threads(1)
    return numexpr
