"""Checkpoints: trees of arrays on disk, whole or not at all. Re-exports only.

    store = Checkpoints("runs/1", keep=3)
    store.save(step, params=params, model=model, data=iteration)
    parts = store.restore(params=params, model=model)
"""

from jitflow.checkpoint.errors import CheckpointError, CheckpointWriteError
from jitflow.checkpoint.store import Checkpoints, load_tree, save_tree

__all__ = ["CheckpointError", "CheckpointWriteError", "Checkpoints", "load_tree", "save_tree"]
