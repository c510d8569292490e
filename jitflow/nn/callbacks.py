"""What may happen between the epochs of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitflow.errors import ArgumentError

if TYPE_CHECKING:
    from jitflow.nn.model import Model

Logs = dict[str, float]


class Callback:
    """Called by `fit`; a subclass overrides what it wants. `logs` are losses and metrics."""

    def on_train_begin(self, model: Model) -> None:
        """Before the first epoch."""

    def on_epoch_end(self, model: Model, epoch: int, logs: Logs) -> None:
        """After each epoch, counted from 0; `model.stop_training = True` makes it the last."""

    def on_train_end(self, model: Model) -> None:
        """After the last epoch."""


class History(Callback):
    """The losses and metrics of all epochs: `history["loss"][epoch]`."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, model: Model, epoch: int, logs: Logs) -> None:
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)


class EarlyStopping(Callback):
    """Ends a training when what it watches has not become better for `patience` epochs.

    monitor: a name in the logs. mode: "min" or "max". restore_best: takes the numbers of the best
    epoch in the end.
    """

    def __init__(
        self, monitor: str = "val_loss", patience: int = 0, min_delta: float = 0.0,
        mode: str = "min", restore_best: bool = False,
    ) -> None:
        if mode not in ("min", "max"):
            raise ArgumentError(f"mode is {mode!r}; it must be 'min' or 'max'")
        self.monitor = monitor
        self.patience = patience
        self.min_delta = min_delta
        self.sign = 1 if mode == "min" else -1
        self.restore_best = restore_best

    def on_train_begin(self, model: Model) -> None:
        self.best = float("inf")
        self.waited = 0
        self.kept: Any = None

    def on_epoch_end(self, model: Model, epoch: int, logs: Logs) -> None:
        if self.monitor not in logs:
            known = ", ".join(logs)
            raise ArgumentError(f"nothing called {self.monitor!r} to watch; there is {known}")
        value = self.sign * logs[self.monitor]
        if value < self.best - self.min_delta:
            self.best, self.waited, self.kept = value, 0, model.variables
        else:
            self.waited += 1
            model.stop_training = self.waited >= max(1, self.patience)

    def on_train_end(self, model: Model) -> None:
        if self.restore_best and self.kept is not None:
            model.variables = self.kept
