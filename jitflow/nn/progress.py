"""What `fit` shows: a bar in a terminal, a line for each epoch elsewhere, or nothing."""

from __future__ import annotations

import sys
from typing import Any


class Progress:
    """The bar over the steps of an epoch; `length` is None where it is not known."""

    def __init__(self, epochs: int, length: int | None, verbose: bool) -> None:
        self.epochs = epochs
        self.length = length
        self.verbose = verbose
        self._bar: Any = None
        if verbose and sys.stdout.isatty():
            from rich.progress import Progress as Bar  # noqa: PLC0415

            self._bar = Bar(transient=True)
            self._task = self._bar.add_task("epoch 1", total=length)

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self) -> None:
        if self._bar is not None:
            self._bar.advance(self._task)

    def end_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        if not self.verbose:
            return
        shown = "  ".join(f"{name} {value:.4g}" for name, value in logs.items())
        print(f"epoch {epoch + 1}/{self.epochs}  {shown}")
        if self._bar is not None:
            self._bar.reset(self._task, description=f"epoch {epoch + 2}")
