"""Files of commands: `-` is stdin or stdout, a file is written whole or not at all."""

from __future__ import annotations

import sys
from pathlib import Path

from jitflow.cli.colour import highlight
from jitflow.errors import UsageError
from jitflow.files import write_whole


def read_text(name: str) -> str:
    """The text of a file in UTF-8; UsageError where it cannot be read."""
    try:
        return sys.stdin.read() if name == "-" else read_bytes(name).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text: byte {error.start} cannot be read") from error


def read_bytes(name: str) -> bytes:
    """What a file holds; UsageError where it cannot be read."""
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"cannot read {name!r}: {error}") from error


def write_text(name: str, text: str, is_code: bool = False) -> None:
    """Writes the text; UsageError where that is not possible, with the file as it was.

    is_code: IR, LLVM or assembly, which has colours on a terminal.
    """
    if name != "-":
        write_bytes(name, text.encode("utf-8", "backslashreplace"))
        return
    try:
        sys.stdout.write(highlight(text) if is_code else text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"cannot write stdout: {error.strerror}") from error


def write_bytes(name: str, data: bytes) -> None:
    """Writes a file; UsageError where that is not possible, with the file as it was.

    What is no regular file, a device or a pipe, is written to as it is.
    """
    try:
        if (path := Path(name).resolve()).is_file() or not path.exists():
            write_whole(str(path), data)
        else:
            path.write_bytes(data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"cannot write {name}: {error.strerror}") from error
