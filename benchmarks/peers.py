"""Imports of the peers that need a word at run time to use no more threads than the others."""

from typing import Any

from machine import threads


def import_jax() -> Any:
    """JAX that runs each computation where it was called, in place of a thread of its own."""
    import jax

    jax.config.update("jax_cpu_enable_async_dispatch", False)
    jax.config.update("jax_enable_x64", True)  # or it would compute f64 in f32
    return jax


def import_torch() -> Any:
    import torch

    torch.set_num_threads(threads())
    return torch


def import_numexpr() -> Any:
    import numexpr

    numexpr.set_num_threads(threads())
    return numexpr


def import_tensorflow() -> Any:
    """TensorFlow as graphs and sessions, and the options of a session with our threads."""
    import tensorflow.compat.v1 as tf

    tf.logging.set_verbosity(tf.logging.ERROR)
    tf.disable_eager_execution()
    options = tf.ConfigProto(
        intra_op_parallelism_threads=threads(), inter_op_parallelism_threads=1
    )
    return tf, options
