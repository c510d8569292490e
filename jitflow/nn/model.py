"""Models: layers with their variables, that are trained, evaluated and asked.

A step of training is one compiled function of the variables, the optimizer's state and a batch.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from jitflow import api, random
from jitflow.data import Dataset
from jitflow.data.elements import at_least
from jitflow.errors import ArgumentError
from jitflow.export.program import Program
from jitflow.nn.batches import (
    Batch,
    Means,
    arguments,
    as_arrays,
    batch_of,
    batches_of,
    by_class,
    epoch_of,
)
from jitflow.nn.callbacks import Callback, Callbacks, History
from jitflow.nn.exporting import prediction, training_step
from jitflow.nn.frame import CURRENT, Call, Variables, Watched, merged, without
from jitflow.nn.layer import Layer
from jitflow.nn.metrics import by_name, names_of
from jitflow.nn.progress import Progress
from jitflow.nn.summary import summary_text
from jitflow.optim import Optimizer
from jitflow.trace.context import STATE
from jitflow.trace.pytree import flatten, map_tree, unflatten
from jitflow.trace.source import fail

Function = Callable[..., Any]


class Model(Layer):
    """A layer that holds its variables. Subclasses write `forward`, as for a layer.

    variables: parameters and state, made by `build` or with the first batch of `fit`. Within
    another model a model's variables are the first ones that it has there.
    """

    variables: Variables | None = None
    slots: Any = None
    """The optimizer's state."""

    seed = 0
    """Of the first variables, the order of samples, and what layers draw."""

    stop_training = False
    """Set by a callback: the epoch is the last one."""

    history: History | None = None
    """Of the last `fit`, even one that was interrupted."""

    _count = 0
    """Steps of training so far: random numbers of each are others."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The output: as a layer of another model, or of arrays with the variables it has."""
        if CURRENT.frame is None and self.variables is not None and not STATE.traces:
            return self.apply(self.variables, *args, **kwargs)[0]
        return super().__call__(*args, **kwargs)

    def build(self, x: Any, seed: int | None = None) -> Variables:
        """Makes the variables for inputs like `x`, of which only shapes and dtypes count."""
        if seed is not None:
            self.seed = seed
        inputs = _example(arguments(x))
        self._require_inputs(inputs)
        self.variables, self.slots = api.jit(self.init)(random.key(self.seed), *inputs), None
        return self.variables

    def compile(
        self, optimizer: Optimizer, loss: Function | str,
        metrics: Sequence[Function | str] = (),
    ) -> None:
        """Says how to train: the code is made with the first batch, anew after each `compile`.

        loss, metrics: functions of true values and outputs, or names of those of `nn`. A loss that
        takes `weights=` can be given weights of samples.
        """
        if "learning_rate" not in dir(optimizer):
            fail(ArgumentError, f"{optimizer!r} is no optimizer", cure="optim.Adam()")
        self.optimizer = optimizer
        self.loss = by_name(loss)
        self.metrics = [by_name(metric) for metric in metrics]
        self.names = ["loss", *names_of(self.metrics)]
        self.slots = None
        self._watched: Watched | None = None
        self._code.clear()

    def _jitted(self, name: str, function: Function) -> Any:
        """A step as machine code, which copies of the model make anew."""
        if name not in self._code:
            self._code[name] = api.jit(function)
        return self._code[name]

    @property
    def _code(self) -> dict[str, Any]:
        return self.__dict__.setdefault("_steps", {})

    def __getstate__(self) -> dict[str, Any]:
        return {name: x for name, x in vars(self).items() if name != "_steps"}

    def train_step(
        self, variables: Any, slots: Any, key: Any, count: Any, rate: Any, inputs: Any, y: Any,
        weights: Any,
    ) -> Any:
        """New variables, new slots and what is measured, of one batch; `fit` compiles it.

        rate: None where the optimizer's holds, or a schedule.
        """

        def cost(params: Any) -> Any:
            own = Variables(merged(variables.params, params), variables.state)
            drawn = random.fold_in(key, count)
            output, state = self.apply(own, *inputs, training=True, key=drawn)
            return self._loss(y, output, weights), (output, state)

        self._require_inputs(inputs)
        trained = without(variables.params, self._places())
        (loss, (output, state)), gradients = api.value_and_grad(cost, has_aux=True)(trained)
        trained, slots = self.optimizer.update(trained, gradients, slots, rate)
        measured = [loss, *(metric(y, output) for metric in self.metrics)]
        return Variables(merged(variables.params, trained), state), slots, measured

    def _test_step(self, variables: Any, inputs: Any, y: Any, weights: Any) -> Any:
        self._require_inputs(inputs)
        output, _ = self.apply(variables, *inputs)
        return [self._loss(y, output, weights), *(metric(y, output) for metric in self.metrics)]

    def _loss(self, y: Any, output: Any, weights: Any) -> Any:
        return self.loss(y, output) if weights is None else self.loss(y, output, weights=weights)

    def fit(
        self, x: Any, y: Any = None, *, batch_size: int = 32, epochs: int = 1,
        validation_data: Any = None, shuffle: bool = True, verbose: bool = True,
        callbacks: Sequence[Callback] = (), initial_epoch: int = 0, sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
    ) -> History:
        """Trains on (x, y) arrays, or on batches; gives losses and metrics by epoch.

        x: an array, a dict of arrays, a tuple of what `forward` takes; or a dataset, a list or a
        generator of batches (x, y) or (x, y, weights). validation_data: as for `evaluate`,
        measured after each epoch. verbose: shows a bar. initial_epoch: counts on from there, with
        the batches of that epoch. Ctrl-C leaves the model as it was after some step.
        """
        self._require_compiled()
        batches = batches_of(x, y, sample_weight, batch_size, shuffle, self.seed)
        self.history, self.stop_training = History(), False
        every = Callbacks(self, [self.history, *callbacks])
        first = at_least("initial_epoch", initial_epoch, 0)
        every.on_train_begin()
        with Progress(at_least("epochs", epochs, 0), _length(batches), verbose) as progress:
            for epoch in range(first, epochs):
                every.on_epoch_begin(epoch)
                with closing(epoch_of(batches, epoch)) as elements:
                    logs = self._epoch(elements, class_weight, every, progress)
                if validation_data is not None:
                    checked = self.evaluate(*_pair(validation_data), batch_size=batch_size)
                    logs |= {f"val_{name}": value for name, value in checked.items()}
                every.on_epoch_end(epoch, logs)
                progress.end_epoch(epoch, logs)
                if self.stop_training:
                    break
        every.on_train_end()
        return self.history

    def _epoch(
        self, batches: Any, class_weight: Any, callbacks: Callbacks, progress: Progress
    ) -> dict[str, float]:
        means, key = Means(self.names), self._drawing_key()
        for batch in batches:
            if class_weight is not None:
                batch = batch._replace(weights=by_class(batch.y, batch.weights, class_weight))
            values = self._step(batch, key)
            means.add(values, batch)
            callbacks.on_batch_end(self._count, values)
            progress.advance(values)
        return means.logs()

    def _drawing_key(self) -> Any:
        return random.key(self.seed + 1)

    def _step(self, batch: Batch, key: Any) -> Any:
        """One update. Ctrl-C comes before it or after it, as nothing is called between."""
        self._make_ready(batch.inputs)
        self._require_as_compiled()
        step = self._jitted("train", self.train_step)
        rate, count = self.optimizer.rate_now, self._count
        self.variables, self.slots, values = step(
            self.variables, self.slots, key, count, rate, *batch
        )
        self._count = count + 1
        return values

    def train_on_batch(self, x: Any, y: Any, sample_weight: Any = None) -> dict[str, float]:
        """One step of training, for a loop of one's own: loss and metrics before the update."""
        self._require_compiled()
        batch = batch_of((x, y) if sample_weight is None else (x, y, sample_weight))
        values = self._step(batch, self._drawing_key())
        return dict(zip(self.names, map(float, values), strict=True))

    def evaluate(
        self, x: Any, y: Any = None, sample_weight: Any = None, *, batch_size: int = 32
    ) -> dict[str, float]:
        """Loss and metrics on (x, y) arrays, or on batches; nothing changes."""
        self._require_compiled()
        means = Means(self.names)
        step = self._jitted("test", self._test_step)
        batches = batches_of(x, y, sample_weight, batch_size, False, self.seed)
        with closing(epoch_of(batches, 0)) as elements:
            for batch in elements:
                means.add(step(self._built(), *batch), batch)
        return means.logs()

    def predict(self, x: Any, *, batch_size: int = 32) -> Any:
        """The outputs for inputs as `fit` takes them, or for a dataset of batches of inputs."""
        step = self._jitted("output", self._output_step)
        batches: Any = x
        if not isinstance(x, Dataset):
            batches = Dataset.from_arrays(as_arrays(x)).batch(batch_size)
        parts = [step(self._built(), arguments(one)) for one in batches]
        if not parts:
            if isinstance(x, Dataset):
                fail(ArgumentError, "no batch to predict for")
            one = step(self._built(), _example(arguments(as_arrays(x))))
            return map_tree(lambda y: y[:0], one)
        columns = zip(*(flatten(part)[0] for part in parts), strict=True)
        return unflatten(flatten(parts[0])[1], [np.concatenate(column) for column in columns])

    def _output_step(self, variables: Any, inputs: Any) -> Any:
        self._require_inputs(inputs)
        return self.apply(variables, *inputs)[0]

    def summary(self) -> str:
        """A table of the parameters: names, shapes, how many."""
        return summary_text(self._built(), self._places())

    def checkpoint_state(self) -> dict[str, Any]:
        """All that a training goes on from: variables, the optimizer's state, steps, the seed."""
        variables = self._built()
        if hasattr(self, "optimizer"):
            self._make_ready(())
        return {
            "variables": variables, "slots": self.slots, "count": self._count, "seed": self.seed,
        }  # fmt: skip

    def restore_state(self, state: dict[str, Any]) -> None:
        """Takes what another model of these layers gave."""
        self.variables, self.slots = state["variables"], state["slots"]
        self._count, self.seed = state["count"], state["seed"]

    def _places(self) -> Call:
        return Call(self, Variables({}, {}), False, False, None)

    def _make_ready(self, inputs: tuple[Any, ...]) -> None:
        """Makes the variables and the optimizer's state where they are not there yet."""
        if self.variables is None:
            self.build(inputs)
        if self.slots is None:
            trained = without(self._built().params, self._places())
            if not flatten(trained)[0]:
                fail(ArgumentError, "the model has nothing to train", cure="layer.trainable = True")
            self.slots = self.optimizer.init(trained)

    def _require_as_compiled(self) -> None:
        """Refuses a step where `trainable` of a layer was changed behind the code of steps."""
        if self._watched is None:
            self._watched = Watched(self._places())
        elif self._watched.have_changed:
            fail(ArgumentError, "`trainable` of a layer was changed", cure="compile again")

    def _require_inputs(self, inputs: tuple[Any, ...]) -> None:
        try:
            inspect.signature(self.forward).bind(*inputs)
        except TypeError as error:
            problem = f"{self.name}.forward does not take {len(inputs)} inputs: {error}"
            fail(ArgumentError, problem, cure="several inputs are a tuple: ((a, b), y)")

    def __jitflow_program__(self, x: Any, y: Any = None) -> Program:
        """What `export.save(path, model, x)` writes, and a step of training where there is a y."""
        if y is None:
            return prediction(self, self._built(), x)
        self._require_compiled()
        self._built()
        self._make_ready(())
        state = {"variables": self.variables, "slots": self.slots, "count": self._count}
        return training_step(self, state, self._drawing_key(), x, y)

    def _built(self) -> Variables:
        if self.variables is None:
            fail(ArgumentError, "no variables yet", cure="call build(x), or fit first")
        return self.variables

    def _require_compiled(self) -> None:
        if not hasattr(self, "optimizer"):
            fail(ArgumentError, "nothing says how to train", cure="compile(optimizer, loss) first")


def _example(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """One sample of zeros like each input."""
    return map_tree(lambda a: np.zeros((1, *np.shape(a)[1:]), np.asarray(a).dtype), inputs)


def _pair(data: Any) -> tuple[Any, ...]:
    return data if isinstance(data, tuple) else (data,)


def _length(batches: Any) -> int | None:
    try:
        return len(batches)
    except TypeError:
        return None
