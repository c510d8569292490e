"""Compiled bodies on disk: found again by what they are made of, with no pass and no LLVM text.

A key stands for the graph, the passes in their order, and the origin of code. Owns the form of a
body as bytes.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from typing import Any

from jitflow.config import settings
from jitflow.errors import JitflowError
from jitflow.ir.core import Function, walk
from jitflow.ir.digest import digest_text, failing_lines, has_own_rows_only
from jitflow.passes.timing import measure
from jitflow.runtime.cache import UNREADABLE, discard, folder, key_of, load
from jitflow.runtime.executable import Body, Executable
from jitflow.runtime.surroundings import keep, origin


def body_key(graph: Function, passes: Sequence[str]) -> str:
    """What the body of the graph is known by; "" where it must not come from the disk.

    So it is with rows that are not jitflow's own, as nobody knows when they change, and where
    passes are watched or left out.
    """
    if not folder() or settings.verify or settings.pass_limit >= 0:
        return ""
    if not origin() or not has_own_rows_only(graph):
        return ""
    return key_of(origin(), "body", *passes, digest_text(graph))


def find_executable(key: str) -> Executable | None:
    """The body of that key, ready to be called; None where there is none that works."""
    content = measure("find on disk", load, key)
    if content is None:
        return None
    try:
        return Executable(body_of(content))
    except (JitflowError, *UNREADABLE):
        discard(key)
        return None


def keep_body(key: str, graph: Function, body: Body) -> None:
    """Keeps the body, unless it names lines that the key does not tell apart."""
    named = {f.at for f in body.failures.values()} | {call.at for call in body.host_calls}
    if named <= {None, *failing_lines(graph)}:
        places = [str(op.locations[0]) for op in walk(graph.body) if op.locations]
        keep(key, bytes_of(body), "function", graph.name, places[0] if places else "")


def find_answers(key: str, question: str) -> tuple[bool, ...] | None:
    """What `keep_answers` kept of the code of that key."""
    content = load(key_of(key, question)) if key else None
    return None if content is None else tuple(map(bool, content))


def keep_answers(key: str, question: str, graph: Function, answers: Sequence[bool]) -> None:
    """Keeps what passes found out about the code of that key, beside the code."""
    if key:
        keep(key_of(key, question), bytes(answers), "answers", graph.name)


def bytes_of(body: Body) -> bytes:
    """All fields of the body, whatever they are; types, dtypes and rows go by name."""
    return pickle.dumps(body, protocol=5)


def body_of(content: bytes) -> Body:
    """The body of what `bytes_of` gave; UnpicklingError where it is something else."""
    body = _Reader(io.BytesIO(content)).load()
    if not isinstance(body, Body):
        raise pickle.UnpicklingError(f"a {type(body).__name__} is no body")
    return body


class _Reader(pickle.Unpickler):
    """Makes objects of jitflow only."""

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name) if module.startswith("jitflow.") else None
        own = str(getattr(found, "__module__", ""))  # a module has names of others too
        if not own.startswith("jitflow."):
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a body")
        return found
