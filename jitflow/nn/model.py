"""Models: layers with their numbers, that are trained, evaluated and asked.

A step of training is one compiled function of the numbers, the optimizer's state and a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from jitflow import api, random
from jitflow.data import Dataset
from jitflow.errors import ArgumentError
from jitflow.export.program import Program
from jitflow.nn import losses, metrics
from jitflow.nn.callbacks import Callback, History
from jitflow.nn.exporting import prediction, training_step
from jitflow.nn.frame import Layer, Variables
from jitflow.nn.progress import Progress
from jitflow.nn.summary import summary_text
from jitflow.optim import Optimizer
from jitflow.trace.source import fail

Function = Callable[[Any, Any], Any]


class Model(Layer):
    """A layer that holds its numbers. Subclasses write `forward`, as for a layer.

    variables: parameters and state, made by `build` or with the first batch of `fit`.
    """

    variables: Variables | None = None
    slots: Any = None
    seed = 0
    stop_training = False
    """Set by a callback: the epoch is the last one."""

    def build(self, x: Any, seed: int | None = None, optimizer: bool = False) -> Variables:
        """Makes the numbers for inputs like `x`, of which only shape and dtype count.

        optimizer: makes its state too, which `fit` does otherwise; a checkpoint then fits.
        """
        if seed is not None:
            self.seed = seed
        example = np.zeros((1, *np.shape(x)[1:]), np.asarray(x).dtype)
        self.variables = api.jit(self.init)(random.key(self.seed), example)
        if optimizer:
            self._require_compiled()
            self.slots = self.optimizer.init(self.variables.params)
        return self.variables

    def compile(
        self, optimizer: Optimizer, loss: Function | str,
        metrics: Sequence[Function | str] = (),
    ) -> None:
        """Says how to train: the code is made with the first batch, anew after each `compile`.

        loss, metrics: functions of true values and outputs, or names of those of `nn`.
        """
        self.optimizer = optimizer
        self.loss = _named(loss)
        self.metrics = [_named(metric) for metric in metrics]
        self.slots: Any = None
        self._train = api.jit(self.train_step)
        self._test = api.jit(self._test_step)

    def _measured(self, output: Any, y: Any, loss: Any) -> list[Any]:
        return [loss, *(metric(y, output) for metric in self.metrics)]

    def train_step(self, variables: Any, slots: Any, key: Any, count: Any, x: Any, y: Any) -> Any:
        """New variables, new slots and what is measured, of one batch; `fit` compiles it."""

        def cost(params: Any) -> Any:
            inputs = Variables(params, variables.state)
            drawn = random.fold_in(key, count)
            output, state = self.apply(inputs, x, training=True, key=drawn)
            return self.loss(y, output), (output, state)

        (loss, (output, state)), slopes = api.value_and_grad(cost, has_aux=True)(variables.params)
        params, slots = self.optimizer.update(variables.params, slopes, slots)
        return Variables(params, state), slots, self._measured(output, y, loss)

    def _test_step(self, variables: Any, x: Any, y: Any) -> Any:
        output, _ = self.apply(variables, x)
        return self._measured(output, y, self.loss(y, output))

    @property
    def names(self) -> list[str]:
        """What `fit` and `evaluate` measure."""
        return ["loss", *(metric.__name__ for metric in self.metrics)]

    def fit(
        self, x: Any, y: Any = None, *, batch_size: int = 32, epochs: int = 1,
        validation_data: Any = None, shuffle: bool = True, verbose: bool = True,
        callbacks: Sequence[Callback] = (), initial_epoch: int = 0,
    ) -> History:
        """Trains on (x, y) arrays, or on a dataset of batches; gives losses and metrics by epoch.

        validation_data: as for `evaluate`, measured after each epoch. verbose: shows a bar.
        initial_epoch: counts on from there, with the batches of that epoch.
        """
        self._require_compiled()
        batches = self._batches(x, y, batch_size, shuffle)
        history = History()
        self.stop_training = False
        every = [history, *callbacks]
        for callback in every:
            callback.on_train_begin(self)
        with Progress(epochs, _length(batches), verbose) as progress:
            for epoch in range(initial_epoch, epochs):
                logs = self._epoch(batches, epoch, progress)
                if validation_data is not None:
                    checked = self.evaluate(*_pair(validation_data), batch_size=batch_size)
                    logs |= {f"val_{name}": value for name, value in checked.items()}
                for callback in every:
                    callback.on_epoch_end(self, epoch, logs)
                progress.end_epoch(epoch, logs)
                if self.stop_training:
                    break
        for callback in every:
            callback.on_train_end(self)
        return history

    def _epoch(self, batches: Any, epoch: int, progress: Progress) -> dict[str, float]:
        key = random.key(self.seed + 1)
        measured, sizes = [], []
        for batch in batches.iterate(epoch=epoch) if isinstance(batches, Dataset) else batches:
            x, y = _pair_of(batch)
            if self.variables is None:
                self.build(x)
            if self.slots is None:
                self.slots = self.optimizer.init(self._built().params)
            count = self._count
            self.variables, self.slots, values = self._train(
                self.variables, self.slots, key, count, x, y
            )
            self._count = count + 1
            measured.append(values)
            sizes.append(len(y))
            progress.advance()
        return self._means(measured, sizes)

    _count = 0
    """Steps of training so far: random numbers of each are others."""

    def _means(self, measured: Sequence[Any], sizes: Sequence[int]) -> dict[str, float]:
        """The means over all samples, by name."""
        if not measured:
            raise ArgumentError("no batch to train or to measure with")
        means = np.average(np.array(measured, np.float64), axis=0, weights=sizes)
        return dict(zip(self.names, means.tolist(), strict=True))

    def evaluate(self, x: Any, y: Any = None, *, batch_size: int = 32) -> dict[str, float]:
        """Loss and metrics on (x, y) arrays, or on a dataset of batches; nothing changes."""
        self._require_compiled()
        measured, sizes = [], []
        for batch in self._batches(x, y, batch_size, False):
            one, wanted = _pair_of(batch)
            measured.append(self._test(self._built(), one, wanted))
            sizes.append(len(wanted))
        return self._means(measured, sizes)

    def predict(self, x: Any, *, batch_size: int = 32) -> Any:
        """The outputs for an array of inputs."""
        if "_output" not in self.__dict__:
            self._output = api.jit(lambda variables, x: self.apply(variables, x)[0])
        batches = x
        if not isinstance(x, Dataset):
            batches = Dataset.from_arrays(np.asarray(x)).batch(batch_size)
        return np.concatenate([self._output(self._built(), one) for one in batches])

    def summary(self) -> str:
        """A table of the parameters: names, shapes, how many."""
        return summary_text(self._built())

    def checkpoint_state(self) -> dict[str, Any]:
        """All that a training goes on from: numbers, the optimizer's state, the count of steps."""
        return {"variables": self._built(), "slots": self.slots, "count": self._count}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Takes what another model of these layers gave."""
        self.variables, self.slots = state["variables"], state["slots"]
        self._count = state["count"]

    def __jitflow_program__(self, x: Any, y: Any = None) -> Program:
        """What `export.save(path, model, x)` writes, and a step of training where there is a y."""
        if y is None:
            return prediction(self, self._built(), x)
        self._require_compiled()
        if self.slots is None:
            self.slots = self.optimizer.init(self._built().params)
        state = {"variables": self._built(), "slots": self.slots, "count": self._count}
        return training_step(self, state, random.key(self.seed + 1), x, y)

    def _built(self) -> Variables:
        if self.variables is None:
            raise ArgumentError("the model has no numbers yet; call build(x) or fit first")
        return self.variables

    def _require_compiled(self) -> None:
        if not hasattr(self, "optimizer"):
            raise ArgumentError("say how to train first: compile(optimizer, loss)")

    def _batches(self, x: Any, y: Any, size: int, shuffle: bool) -> Any:
        if y is None:
            if not isinstance(x, Iterable) or isinstance(x, np.ndarray):
                problem = f"expected batches of (inputs, true values), got a {type(x).__name__}"
                fail(ArgumentError, problem, cure="fit(x, y), or a Dataset of pairs")
            return x
        rows = Dataset.from_arrays((np.asarray(x), np.asarray(y)))
        return (rows.shuffle(len(rows) or 1, self.seed) if shuffle else rows).batch(size)


class Sequential(Model):
    """Layers one after the other; functions count as layers."""

    def __init__(self, layers: Iterable[Layer | Callable[[Any], Any]]) -> None:
        self.layers = list(layers)
        for layer in self.layers:
            if not callable(layer):
                raise ArgumentError(f"{layer!r} is no layer and no function")

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


def _named(function: Function | str) -> Function:
    if not isinstance(function, str):
        return function
    if function not in metrics.NAMES:
        known = ", ".join(sorted({*metrics.NAMES, *losses.NAMES}))
        raise ArgumentError(f"nothing is called {function!r}; there is {known}")
    return metrics.NAMES[function]


def _pair_of(batch: Any) -> Any:
    """Inputs and true values; ArgumentError for a batch that is no pair."""
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        problem = f"a batch is (inputs, true values), got a {type(batch).__name__}"
        fail(ArgumentError, problem, cure="Dataset.from_arrays((x, y))")
    return batch


def _pair(data: Any) -> tuple[Any, ...]:
    return data if isinstance(data, tuple) else (data,)


def _length(batches: Any) -> int | None:
    try:
        return len(batches)
    except TypeError:
        return None


