"""What `fit` shows: a bar in a terminal, a line for each epoch elsewhere, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from time import monotonic
from typing import Any

_REFRESH = 0.1
"""Seconds between two states of the bar."""


class Progress:
    """The bar over the steps of an epoch; `length` is None where it is not known."""

    def __init__(self, epochs: int, length: int | None, verbose: bool) -> None:
        self.epochs = epochs
        self.length = length
        self.verbose = verbose
        self._bar: Any = None
        self._steps = 0
        self._shown = 0.0
        if verbose and sys.stdout.isatty():
            from rich.progress import Progress as Bar  # noqa: PLC0415
            from rich.progress import TextColumn  # noqa: PLC0415

            self._bar = Bar(*Bar.get_default_columns(), TextColumn("{task.fields[loss]}"),
                            transient=True)  # fmt: skip
            self._task = self._bar.add_task("epoch 1", total=length, loss="")

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, values: Sequence[Any]) -> None:
        """One step more; the first value is the loss."""
        if self._bar is None:
            return
        self._steps += 1
        if monotonic() - self._shown > _REFRESH:
            self._shown = monotonic()
            self._bar.update(self._task, completed=self._steps, loss=f"loss {values[0]:.4g}")

    def end_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        if not self.verbose:
            return
        shown = "  ".join(f"{name} {value:.4g}" for name, value in logs.items())
        print(f"epoch {epoch + 1}/{self.epochs}  {shown}")
        if self._bar is not None:
            self._bar.reset(self._task, description=f"epoch {epoch + 2}")
            self._steps = 0
