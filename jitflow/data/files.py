"""Files that elements come from: CSV, and NumPy's; what is wrong with one is said with its name."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from jitflow.data.elements import Element, Elements
from jitflow.errors import ArgumentError
from jitflow.trace.source import fail


class DataFileError(ArgumentError, OSError):
    """A file that the system does not let us read."""


class MissingFileError(DataFileError, FileNotFoundError):
    """A file that is not there."""


def unreadable(path: Path, error: Exception) -> NoReturn:
    """Raises what is wrong with a file."""
    if isinstance(error, FileNotFoundError):
        fail(MissingFileError, f"there is no file {path}")
    if isinstance(error, OSError):
        fail(DataFileError, f"cannot read {path}: {error.strerror or error}")
    fail(ArgumentError, f"cannot read {path}: {error}")


def npy(path: Path) -> Any:
    """The array of an npy file, mapped into memory."""
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError) as error:
        unreadable(path, error)


def npz(path: Path, names: Sequence[str] | None) -> dict[str, Any]:
    """Arrays of an npz file by name, all of them if none are named."""
    try:
        with path.open("rb") as opened, np.lib.npyio.NpzFile(opened) as file:
            if unknown := [name for name in names or () if name not in file.files]:
                known = ", ".join(file.files)
                fail(ArgumentError, f"{path} has no array {unknown[0]!r}; it has {known}")
            return {name: file[name] for name in names or file.files}
    except ArgumentError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        unreadable(path, error)


class Csv(Elements):
    """The rows of a CSV file as dicts of scalars, or tuples where there is no header."""

    def __init__(
        self, path: Path, columns: Sequence[str] | None, dtype: Any, header: bool, delimiter: str
    ) -> None:
        self.path = path
        self.header = header
        self.delimiter = delimiter
        self.names = self._names()
        self.columns = list(self.names if columns is None else columns)
        kinds = dtype if isinstance(dtype, dict) else dict.fromkeys(self.columns, dtype)
        if unknown := [name for name in (*self.columns, *kinds) if name not in self.names]:
            known = ", ".join(self.names)
            fail(ArgumentError, f"{path} has no column {unknown[0]!r}; it has {known}")
        self.places = [self.names.index(name) for name in self.columns]
        self.readers = [_reader(kinds.get(name, np.float64)) for name in self.columns]

    def _names(self) -> list[str]:
        first = next(self._lines(), None)
        if first is None:
            fail(ArgumentError, f"{self.path} is empty")
        if not self.header:
            return list(map(str, range(len(first[1]))))
        names = [name.strip() for name in first[1]]
        if twice := [name for place, name in enumerate(names) if name in names[:place]]:
            fail(ArgumentError, f"{self.path} has two columns {twice[0]!r}")
        return names

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """(number, fields) of the lines that are not empty, the header among them."""
        try:
            with self.path.open(newline="", encoding="utf-8-sig") as file:
                lines = csv.reader(file, delimiter=self.delimiter, strict=True)
                try:
                    for line in lines:
                        if line:
                            yield lines.line_num, line
                except csv.Error as error:
                    fail(ArgumentError, f"{self.path}:{lines.line_num}: {error}")
                except UnicodeDecodeError as error:
                    fail(ArgumentError, f"{self.path}:{_undecodable(self.path)}: {error}")
        except OSError as error:
            unreadable(self.path, error)

    def all(self, epoch: int) -> Iterator[Element]:
        lines = self._lines()
        if self.header:
            next(lines)
        for number, line in lines:
            yield self._row(line, number)

    def _row(self, line: list[str], number: int) -> Element:
        if len(line) != len(self.names):
            wanted = len(self.names)
            fail(ArgumentError, f"{self.path}:{number}: {len(line)} fields, not {wanted}")
        values = []
        for name, place, read in zip(self.columns, self.places, self.readers, strict=True):
            try:
                values.append(read(line[place]))
            except (ValueError, OverflowError) as error:
                fail(ArgumentError, f"{self.path}:{number}: column {name}: {error}")
        return dict(zip(self.columns, values, strict=True)) if self.header else tuple(values)


def _undecodable(path: Path) -> int:
    """The number of the first line that is not UTF-8; reading runs ahead of lines."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1


_TRUTH = {"true": np.True_, "1": np.True_, "false": np.False_, "0": np.False_}


def _truth(text: str) -> np.bool:
    if text.strip().lower() not in _TRUTH:
        raise ValueError(f"{text!r} is no bool: true, false, 1 or 0")
    return _TRUTH[text.strip().lower()]


def _reader(dtype: Any) -> Callable[[str], Any]:
    """What makes an element of a field; integers as Python reads them, so that none are cut."""
    kind = np.dtype(dtype)
    if kind == np.bool:
        return _truth
    if kind.kind in "iu":
        return lambda text: kind.type(int(text))
    return kind.type
