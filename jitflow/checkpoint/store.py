"""A folder of checkpoints by step. Each is written aside and renamed when it is whole.

An older one goes when the newer one is there: a crash at any moment leaves one to restore.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from jitflow.checkpoint.errors import CheckpointError
from jitflow.checkpoint.files import flush_folder, read, write
from jitflow.checkpoint.names import filled, named, nested, state_of
from jitflow.errors import ArgumentError

_NAME = re.compile(r"step-(\d+)")


class Checkpoints:
    """Checkpoints in a folder, which is made with the first one.

    keep: how many stay; older ones are removed. None for all.
    """

    def __init__(self, folder: str | os.PathLike[str], keep: int | None = 5) -> None:
        if keep is not None and keep < 1:
            raise ArgumentError(f"keep is {keep}; at least one checkpoint stays")
        self.folder = Path(folder)
        self.keep = keep

    def steps(self) -> list[int]:
        """The steps that there are checkpoints of, the oldest first."""
        if not self.folder.is_dir():
            return []
        found = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def save(self, step: int, **parts: Any) -> Path:
        """Saves trees, sessions, models, iterations by name; gives the checkpoint's folder.

        ArgumentError for a step that was saved, CheckpointError for what cannot be saved.
        """
        if step < 0 or step in self.steps():
            raise ArgumentError(f"there is a checkpoint of step {step}, or it is below 0")
        tree = {name: state_of(part) for name, part in parts.items()}
        target = self.folder / f"step-{step:08d}"
        save_tree(target, tree)
        kept = self.steps()
        for old in [] if self.keep is None else kept[: -self.keep]:
            shutil.rmtree(self.folder / f"step-{old:08d}", ignore_errors=True)
        return target

    def restore(self, step: int | None = None, **parts: Any) -> dict[str, Any]:
        """What was saved, the newest step if none is given, in trees like those in `parts`.

        Models and the like take their state back; only when all parts fit does anything change.
        Without `parts` dicts of all that there is. CheckpointError for what is damaged, or does not
        fit, with the entry's name.
        """
        steps = self.steps()
        if not steps or (step is not None and step not in steps):
            wanted = "checkpoint" if step is None else f"checkpoint of step {step}"
            raise CheckpointError(f"no {wanted} in {self.folder}; there are {steps}")
        path = self.folder / f"step-{steps[-1] if step is None else step:08d}"
        if not parts:
            found = load_tree(path)
            assert isinstance(found, dict)
            return found
        tree = {name: state_of(part) for name, part in parts.items()}
        found = load_tree(path, tree)
        for name, part in parts.items():
            restore = getattr(part, "restore_state", None)
            if restore is not None:
                restore(found[name])
                found[name] = part
        return found


def save_tree(folder: str | os.PathLike[str], tree: Any) -> None:
    """Writes a tree of arrays and plain values into a new folder, whole or not at all."""
    target = Path(folder)
    if target.exists():
        raise ArgumentError(f"{target} exists")
    arrays, values = named(tree)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=target.parent))
    try:
        write(aside, arrays, values)
        aside.chmod(0o755)
        aside.rename(target)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    flush_folder(target.parent)


def load_tree(folder: str | os.PathLike[str], like: Any = None) -> Any:
    """What `save_tree` wrote, in a tree like `like`, in dicts by name without one."""
    arrays, values = read(Path(folder))
    if like is None:
        return nested(arrays, values)
    return filled(like, arrays, values, str(folder))
