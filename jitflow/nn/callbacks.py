"""What may happen between the epochs of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jitflow.checkpoint import Checkpoints
from jitflow.data.elements import at_least
from jitflow.errors import ArgumentError
from jitflow.trace.source import fail

if TYPE_CHECKING:
    from jitflow.nn.model import Model

Logs = dict[str, float]


class Callback:
    """Called by `fit`; a subclass overrides what it wants. `logs` are losses and metrics.

    An error that one raises ends the training; the model is as it was after the last step.
    """

    def on_train_begin(self, model: Model) -> None:
        """Before the first epoch."""

    def on_epoch_begin(self, model: Model, epoch: int) -> None:
        """Before each epoch, counted from 0."""

    def on_batch_end(self, model: Model, step: int, logs: Logs) -> None:
        """After each step of training; `step` counts all that the model was trained for."""

    def on_epoch_end(self, model: Model, epoch: int, logs: Logs) -> None:
        """After each epoch; `model.stop_training = True` makes it the last one."""

    def on_train_end(self, model: Model) -> None:
        """After the last epoch."""


class Callbacks:
    """All callbacks of a training, in order."""

    def __init__(self, model: Model, callbacks: Sequence[Callback]) -> None:
        for callback in callbacks:
            if not isinstance(callback, Callback):
                fail(ArgumentError, f"{callback!r} is no nn.Callback")
        self.model = model
        self.callbacks = callbacks
        idle = Callback.on_batch_end
        self.of_batches = [x for x in callbacks if type(x).on_batch_end is not idle]

    def on_train_begin(self) -> None:
        for callback in self.callbacks:
            callback.on_train_begin(self.model)

    def on_epoch_begin(self, epoch: int) -> None:
        for callback in self.callbacks:
            callback.on_epoch_begin(self.model, epoch)

    def on_batch_end(self, step: int, values: Sequence[Any]) -> None:
        """With what was measured in the step, which becomes numbers where somebody asks."""
        for callback in self.of_batches:
            logs = dict(zip(self.model.names, map(float, values), strict=True))
            callback.on_batch_end(self.model, step, logs)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        for callback in self.callbacks:
            callback.on_epoch_end(self.model, epoch, logs)

    def on_train_end(self) -> None:
        for callback in self.callbacks:
            callback.on_train_end(self.model)


class History(Callback):
    """The losses and metrics of all epochs: `history["loss"][epoch]`."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, model: Model, epoch: int, logs: Logs) -> None:
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)


class SaveCheckpoints(Callback):
    """Saves the model after each epoch, as the checkpoint of the number of epochs so far.

    `store.restore(model=model)`, then `fit(..., initial_epoch=store.latest)` goes on from there.
    every: how many epochs lie between two checkpoints.
    """

    def __init__(self, store: Checkpoints, every: int = 1) -> None:
        self.store = store
        self.every = at_least("every", every, 1)

    def on_epoch_end(self, model: Model, epoch: int, logs: Logs) -> None:
        if (epoch + 1) % self.every == 0:
            self.store.save(epoch + 1, model=model)


class EarlyStopping(Callback):
    """Ends a training when what it watches has not become better for `patience` epochs.

    monitor: a name in the logs. mode: "min", "max", or "auto": "max" for what is called accuracy.
    restore_best: takes the variables of the best epoch in the end.
    """

    def __init__(
        self, monitor: str = "val_loss", patience: int = 0, min_delta: float = 0.0,
        mode: str = "auto", restore_best: bool = False,
    ) -> None:
        if mode not in ("min", "max", "auto"):
            fail(ArgumentError, f"mode is {mode!r}; it must be 'min', 'max' or 'auto'")
        if mode == "auto":
            mode = "max" if "acc" in monitor else "min"
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
            fail(ArgumentError, f"nothing called {self.monitor!r} to watch; there is {known}")
        value = self.sign * logs[self.monitor]
        if value < self.best - self.min_delta:
            self.best, self.waited, self.kept = value, 0, model.variables
        else:
            self.waited += 1
            model.stop_training = self.waited >= max(1, self.patience)

    def on_train_end(self, model: Model) -> None:
        if self.restore_best and self.kept is not None:
            model.variables = self.kept
