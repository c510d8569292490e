"""Finds the function that `MODULE_OR_FILE:FUNCTION` names, loads files, runs code of the user's.

What the user's code raises becomes a UsageError that names the line; jitflow's own faults pass.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import jitflow
from jitflow.errors import JitflowError, UsageError, described, nearest
from jitflow.trace.source import is_users

EXPECTED = "expected MODULE_OR_FILE:FUNCTION, such as examples/digits.py:train_step"
_HOME = str(Path(jitflow.__file__).parent) + os.sep


_LOADED: dict[Path, ModuleType] = {}
"""What `--load` brought in; a function in such a file is found there."""


def add_load(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--load",
        action="append",
        default=[],
        metavar="FILE.py",
        help="a Python file that adds ops or passes; may be repeated",
    )


def load(name: str) -> None:
    """Runs a Python file once, for what it adds to the tables of ops and passes."""
    path = Path(name)
    if path.resolve() not in _LOADED:
        _LOADED[path.resolve()] = _import_file(path, "such as --load examples/own_op.py")


def locate(target: str) -> Callable[..., Any]:
    """The function; UsageError where the module, the file or the function is not there.

    A module is imported under its name, or that of its file, so code under `__main__` stays
    asleep.
    """
    found: Any = find_object(target)
    if not callable(found):
        place, _, name = target.rpartition(":")
        raise UsageError(f"{place}: '{name}' is {described(found)}, not a function")
    return found


def find_object(target: str) -> Any:
    """What a module or a file has under a name; UsageError as for functions."""
    place, colon, name = target.rpartition(":")
    if not colon or not place or not name:
        raise UsageError(f"'{target}' names no function; {EXPECTED}")
    is_file = place.endswith(".py") or os.sep in place
    module = _file(Path(place)) if is_file else _import_module(place)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise UsageError(_missing(place, name, module))
        found = getattr(found, part)
    return found


def require_fit(function: Callable[..., Any], args: Sequence[Any], static: Any) -> None:
    """UsageError where the function does not take these arguments."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a callable that does not say what it takes
        return
    try:
        signature.bind(*args, **static)
    except TypeError as error:
        name = getattr(function, "__name__", "the function")
        given = f"--args gives {len(args)} argument{'' if len(args) == 1 else 's'}"
        raise UsageError(f"{name}{signature}: {error}; {given}") from error


def _missing(place: str, name: str, module: ModuleType) -> str:
    names = [n for n, value in vars(module).items() if callable(value) and not n.startswith("_")]
    mine = [n for n in names if getattr(getattr(module, n), "__module__", "") == module.__name__]
    near = nearest(name, names)
    guess = f"; did you mean {near}?" if near else ""
    return f"{place} has no function '{name}'{guess}\n  it has {', '.join(mine) or 'none'}"


def _file(path: Path) -> ModuleType:
    found = _LOADED.get(path.resolve())
    return found if found is not None else _import_file(path, EXPECTED)


def _import_file(path: Path, expected: str) -> ModuleType:
    if not path.is_file():
        raise UsageError(f"no file {path}; {expected}")
    name = f"jitflow_target_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file; {expected}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with _path(str(path.parent.resolve())), calling(f"import {path}", imports=True):
        spec.loader.exec_module(module)
    return module


def _import_module(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"'{name}' is no module; {EXPECTED}")
    try:
        with _path(os.getcwd()), calling(f"import {name}", imports=True):
            return importlib.import_module(name)
    except UsageError as error:
        cause = error.__cause__
        if isinstance(cause, ModuleNotFoundError) and f"{name}.".startswith(f"{cause.name}."):
            raise UsageError(f"no module '{cause.name}'; {EXPECTED}") from None
        raise


@contextmanager
def _path(folder: str) -> Iterator[None]:
    """Modules beside the user's one can be imported, as they could if Python ran it."""
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


@contextmanager
def calling(what: str, imports: bool = False) -> Iterator[None]:
    """Errors of the user's code within become UsageErrors; jitflow's are left alone.

    imports: a file is imported, so that what jitflow's tables refuse is the user's fault too.
    """
    try:
        yield
    except JitflowError:
        raise
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        if frames[-1].filename.startswith(_HOME) and not imports:
            raise
        raise UsageError(f"{what}: {_describe(error, frames)}") from error


def _describe(error: BaseException, frames: traceback.StackSummary) -> str:
    """What was raised, and the last line of it that is the user's."""
    text = traceback.format_exception_only(error)[-1].strip()
    if isinstance(error, SyntaxError):
        return f"{text}\n  {error.filename}:{error.lineno}: {(error.text or '').strip()}"
    users = [frame for frame in frames if is_users(frame.filename)]
    return f"{text}\n  {users[-1].filename}:{users[-1].lineno}: {users[-1].line}" if users else text
