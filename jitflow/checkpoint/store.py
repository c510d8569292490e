"""A folder of checkpoints by step. Each is written aside and renamed when it is whole.

An older one goes when the newer one is there: a crash at any moment leaves one to restore.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from jitflow.checkpoint.errors import CheckpointError, CheckpointWriteError
from jitflow.checkpoint.files import flush_folder, read, write
from jitflow.checkpoint.names import filled, named, nested
from jitflow.errors import ArgumentError
from jitflow.trace.source import fail

_ASIDE = ".unfinished"
_HOST = platform.node().replace("-", "_") or "host"
_NAME = re.compile(r"step-(\d+)")


class Checkpoints:
    """Checkpoints in a folder, which is made with the first one.

    keep: how many stay; older ones are removed. None for all.
    """

    def __init__(self, folder: str | os.PathLike[str], keep: int | None = 5) -> None:
        if keep is not None and keep < 1:
            fail(ArgumentError, f"keep is {keep}; at least one checkpoint stays")
        self.folder = Path(folder)
        self.keep = keep

    def steps(self) -> list[int]:
        """The steps that there are checkpoints of, the oldest first."""
        if not self.folder.is_dir():
            return []
        found = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(match[1]) for match in found if match)

    @property
    def latest(self) -> int | None:
        """The newest step that there is a checkpoint of."""
        return max(self.steps(), default=None)

    def save(self, step: int, **parts: Any) -> Path:
        """Saves trees, and what stands for them, by name; gives the checkpoint's folder.

        Sessions, models, optimizers and variables of tapes, iterations, and NumPy's and Python's
        random generators stand for trees, as parts or anywhere in one. ArgumentError for a step
        that was saved, CheckpointError for what cannot be saved or written.
        """
        if not isinstance(step, (int, np.integer)) or step < 0:
            fail(ArgumentError, f"step is {step!r}; it must be an integer from 0 on")
        if step in self.steps():
            cure = "give another step, or another folder"
            fail(ArgumentError, f"{self.folder} has a checkpoint of step {step}", cure=cure)
        target = self.folder / f"step-{step:08d}"
        save_tree(target, parts)
        older = [] if self.keep is None else self.steps()[: -self.keep]
        for old in older:
            if old != step:
                _remove(self.folder / f"step-{old:08d}")
        return target

    def restore(self, step: int | None = None, **parts: Any) -> dict[str, Any]:
        """What was saved, the newest step if none is given, in trees like those in `parts`.

        What stands for a tree takes its state back; only when all parts fit does anything change.
        Without `parts` dicts of all that there is. CheckpointError for what is damaged, or does not
        fit, with the entry's name.
        """
        steps = self.steps()
        if not steps or (step is not None and step not in steps):
            wanted = "checkpoint" if step is None else f"checkpoint of step {step!r}"
            there = f"; there are {steps}" if steps else ""
            fail(CheckpointError, f"no {wanted} in {self.folder}{there}")
        path = self.folder / f"step-{steps[-1] if step is None else step:08d}"
        try:
            found = load_tree(path, parts or None)
        except CheckpointError as error:
            if others := [str(other) for other in steps if not path.name.endswith(f"{other:08d}")]:
                error.add_note(f"{self.folder} has other checkpoints: restore({others[-1]}, ...)")
            raise
        assert isinstance(found, dict)
        return found


def save_tree(folder: str | os.PathLike[str], tree: Any) -> None:
    """Writes a tree of arrays and plain values into a new folder, whole or not at all."""
    target = Path(folder)
    if target.exists():
        fail(ArgumentError, f"{target} exists")
    content = named(tree)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear_away(target.parent)
        aside = _aside(target.parent)
        try:
            write(aside, content)
            aside.chmod(0o755)
            aside.rename(target)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        flush_folder(target.parent)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY) and target.is_dir():
            fail(ArgumentError, f"{target} exists: another writer was faster")
        fail(CheckpointWriteError, f"cannot write {target}: {error.strerror or error}")


def load_tree(folder: str | os.PathLike[str], like: Any = None) -> Any:
    """What `save_tree` wrote, in a tree like `like`, in dicts by name without one.

    What stands for a tree in `like` takes its state back.
    """
    content = read(Path(folder))
    return nested(content) if like is None else filled(like, content, str(folder))


def _aside(folder: Path) -> Path:
    """A new folder beside the checkpoints, which says whose it is."""
    return Path(tempfile.mkdtemp(prefix=f"{_ASIDE}-{_HOST}-{os.getpid()}-", dir=folder))


def _remove(folder: Path) -> None:
    """Takes a checkpoint away, at once: half a one would be taken for a whole one."""
    with suppress(OSError):  # gone, or not ours: another writer's
        aside = _aside(folder.parent)
        folder.rename(aside / folder.name)
        shutil.rmtree(aside, ignore_errors=True)


def _clear_away(folder: Path) -> None:
    """Removes what writers of this machine left there that were killed."""
    for path in folder.glob(f"{_ASIDE}-*"):
        host, _, rest = path.name.removeprefix(f"{_ASIDE}-").partition("-")
        pid = rest.partition("-")[0]
        if host == _HOST and pid.isdigit() and not _is_alive(int(pid)):
            shutil.rmtree(path, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
