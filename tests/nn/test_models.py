"""Models as people use them: shared and frozen layers, several inputs, loops that stop halfway."""

import copy
import functools
import re
import sys
import threading

import ml_dtypes
import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow import export, nn, optim
from jitflow.checkpoint import Checkpoints
from jitflow.data import Dataset
from jitflow.errors import ArgumentError, JitflowError
from jitflow.trace.pytree import flatten

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 4)).astype(np.float32)
Y = np.arange(20) % 3
KEY = jf.random.key(0)


def same_numbers(a, b):
    """Whether two models have the same bits."""
    pairs = zip(*(flatten(m.variables)[0] for m in (a, b)), strict=True)
    return all(np.array_equal(x, y) for x, y in pairs)


def model(metrics=(), loss="sparse_categorical_crossentropy", rate=0.01, units=3):
    made = nn.Sequential([nn.Dense(8, nn.relu), nn.Dense(units)])
    made.compile(optim.Adam(rate), loss, metrics)
    return made


class Blocks(nn.Model):
    """Layers in attributes, in lists, within layers, and made on the way; some used twice."""

    def __init__(self):
        self.shared = nn.Dense(4)
        self.blocks = [nn.Sequential([self.shared, nn.tanh]), nn.LayerNorm()]
        self.by_name = {"out": [nn.Dense(2)]}

    def forward(self, x):
        for _ in range(2):
            for block in self.blocks:
                x = block(x)
        x = nn.Dense(4)(self.shared(x))
        again = nn.Dense(4)
        return self.by_name["out"][0](again(again(x)))


def test_a_layer_that_is_called_twice_has_one_set_of_numbers():
    params = Blocks().init(KEY, X).params
    assert set(params) == {"shared", "blocks_0", "blocks_1", "by_name_out_0", "dense", "dense_1"}
    assert params["blocks_0"] == {}
    p = {name: x["kernel"] for name, x in params.items() if "kernel" in x}
    y, _ = jf.jit(Blocks().apply)(nn.Variables(params, Blocks().init(KEY, X).state), X)
    h = X
    for _ in range(2):
        h = np.tanh(h @ p["shared"])
        h = (h - h.mean(1, keepdims=True)) / np.sqrt(h.var(1, keepdims=True) + 1e-3)
    h = h @ p["shared"] @ p["dense"] @ p["dense_1"] @ p["dense_1"] @ p["by_name_out_0"]
    np.testing.assert_allclose(y, h, rtol=1e-3, atol=1e-5)


def test_places_do_not_depend_on_what_is_called():
    class Auxiliary(nn.Model):
        def __init__(self):
            self.first, self.second = nn.Dense(4), nn.Dense(4)

        def forward(self, x, whole=True):
            return self.second(self.first(x) if whole else x)

    net = Auxiliary()
    v = net.init(KEY, X)
    part, _ = net.apply(v, X, whole=False)
    np.testing.assert_array_equal(part, X @ v.params["second"]["kernel"])


def test_layers_that_only_a_step_of_training_calls():
    class Auxiliary(nn.Model):
        def __init__(self):
            self.norm, self.aux, self.out = nn.BatchNorm(), nn.Dense(4), nn.Dense(3)

        def forward(self, x):
            x = self.norm(x)
            return self.out(self.aux(x) if self.training else x)

    net = Auxiliary()
    net.compile(optim.SGD(0.1), "sparse_categorical_crossentropy")
    net.build(X)
    assert set(net.variables.params) == {"norm", "aux", "out"}
    assert not net.variables.state["norm"]["mean"].any()
    before = net.variables.params["aux"]["kernel"]
    net.fit(X, Y, verbose=False)
    assert not np.array_equal(net.variables.params["aux"]["kernel"], before)


def test_batch_norm_that_is_called_twice_moves_twice():
    norm = nn.BatchNorm(0.5)
    net = nn.Sequential([norm, lambda x: x + 1, norm])
    v = net.init(KEY, X)
    _, state = jf.jit(lambda v, x: net.apply(v, x, training=True))(v, X)
    first = 0.5 * X.mean(0)
    np.testing.assert_allclose(state["batchnorm"]["mean"], 0.5 * first + 0.5, atol=1e-6)
    assert not v.state["batchnorm"]["mean"].any()


def test_frozen_layers():
    first, second = nn.Dense(4), nn.BatchNorm(0.5)
    net = nn.Sequential([first, second, nn.Dense(3)])
    net.compile(optim.AdamW(0.1), "sparse_categorical_crossentropy")
    net.fit(X, Y, epochs=2, verbose=False)
    first.trainable = second.trainable = False
    with pytest.raises(ArgumentError, match="compile again"):
        net.fit(X, Y, verbose=False)
    net.compile(optim.AdamW(0.1), "sparse_categorical_crossentropy")
    before = net.variables
    net.fit(X, Y, epochs=2, verbose=False)
    for name in ("dense", "batchnorm", "dense_1"):
        for k, x in {**before.params[name], **before.state[name]}.items():
            now = {**net.variables.params[name], **net.variables.state[name]}[k]
            assert np.array_equal(now, x) == (name != "dense_1")
    net.trainable = False
    net.compile(optim.SGD(0.1), "sparse_categorical_crossentropy")
    with pytest.raises(ArgumentError, match="nothing to train"):
        net.fit(X, Y, verbose=False)


class Two(nn.Model):
    def __init__(self):
        self.left, self.right = nn.Dense(3), nn.Dense(2)

    def forward(self, x):
        return {"a": self.left(x["p"]), "b": self.right(x["q"])}


def test_trees_of_inputs_and_outputs():
    net = Two()

    def loss(y, out):
        return nn.mean_squared_error(y["a"], out["a"]) + nn.mean_squared_error(y["b"], out["b"])

    net.compile(optim.SGD(0.1), loss)
    x, y = {"p": X, "q": X[:, :2]}, {"a": X[:, :3], "b": X[:, :2]}
    losses = net.fit(x, y, epochs=20, batch_size=7, verbose=False).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    out = net.predict(x, batch_size=6)
    assert {k: v.shape for k, v in out.items()} == {"a": (20, 3), "b": (20, 2)}
    assert net.predict({"p": X[:0], "q": X[:0, :2]})["a"].shape == (0, 3)


def test_weights_of_samples_and_classes():
    wanted = model()
    wanted.fit(X[Y != 1], Y[Y != 1], batch_size=20, epochs=3, shuffle=False, verbose=False)
    weighted, by_class = model(), model()
    weights = (Y != 1).astype(float)
    weighted.fit(X, Y, batch_size=20, epochs=3, shuffle=False, verbose=False, sample_weight=weights)
    by_class.fit(
        X, Y, batch_size=20, epochs=3, shuffle=False, verbose=False,
        class_weight={0: 2.0, 1: 0.0, 2: 2.0},
    )  # fmt: skip
    for other in (weighted, by_class):
        kernels = [m.variables.params["dense"]["kernel"] for m in (other, wanted)]
        np.testing.assert_allclose(*kernels, rtol=1e-4, atol=1e-5)
    wanted_loss = wanted.evaluate(X[Y != 1], Y[Y != 1])["loss"]
    found = wanted.evaluate(X, Y, weights, batch_size=7)["loss"]
    assert found == pytest.approx(wanted_loss, rel=1e-5)


def test_means_over_uneven_batches_are_those_over_samples():
    net = model(["accuracy", nn.top_k_accuracy(2)])
    net.build(X)
    whole = net.evaluate(X, Y, batch_size=20)
    assert net.evaluate(X, Y, batch_size=7) == pytest.approx(whole, rel=1e-6)


def test_the_last_smaller_batch_is_compiled_once():
    net = model()
    net.fit(X, Y, epochs=4, batch_size=8, verbose=False)
    assert net._code["train"].cache_info().misses == 2


def test_going_on_is_the_same_as_not_stopping():
    straight, parts = model(), model()
    straight.fit(X, Y, epochs=4, batch_size=8, verbose=False)
    parts.fit(X, Y, epochs=1, batch_size=8, verbose=False)
    log = parts.fit(X, Y, epochs=4, batch_size=8, initial_epoch=1, verbose=False)
    assert len(log.history["loss"]) == 3
    assert same_numbers(parts, straight)


def test_a_rate_may_be_changed_between_epochs():
    class Slower(nn.Callback):
        def on_epoch_begin(self, model, epoch):
            model.optimizer.learning_rate = 0.01 if epoch == 0 else 0.0

    net, once = model(), model()
    net.fit(X, Y, epochs=3, verbose=False, callbacks=[Slower()])
    once.fit(X, Y, epochs=1, verbose=False)
    assert same_numbers(net, once)


class Stop(nn.Callback):
    """Raises after a step."""

    def __init__(self, error, step):
        self.error, self.step, self.seen = error, step, []

    def on_batch_end(self, model, step, logs):
        self.seen.append(logs["loss"])
        if step == self.step:
            raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("full")])
def test_a_training_that_ends_halfway_leaves_a_usable_model(error):
    batches = Dataset.from_arrays((X, Y)).batch(4).map(lambda x, y: (x, y), threads=2).prefetch(2)
    stop = Stop(error, 7)
    net, whole = model(), model()
    with pytest.raises(type(error)):
        net.fit(batches, epochs=3, verbose=False, callbacks=[stop])
    assert len(stop.seen) == 7
    assert len(net.history.history["loss"]) == 1
    assert not [t for t in threading.enumerate() if t.name.startswith("jitflow-")]
    steps = iter(batches.repeat(2))
    for _ in range(7):
        whole.train_on_batch(*next(steps))
    steps.close()
    assert same_numbers(net, whole)
    net.fit(batches, verbose=False)


def test_early_stopping_restores_the_best_epoch():
    class Log(nn.Callback):
        def __init__(self):
            self.kept = []

        def on_epoch_end(self, model, epoch, logs):
            self.kept.append((logs["val_accuracy"], model.variables))

    log = Log()
    net = model(["accuracy"], rate=0.3)
    stop = nn.EarlyStopping("val_accuracy", patience=3, restore_best=True)
    net.fit(X, Y, epochs=40, validation_data=(X[::2], Y[::2]), callbacks=[log, stop], verbose=False)
    best = max(range(len(log.kept)), key=lambda i: log.kept[i][0])
    assert len(log.kept) in (best + 4, 40)
    assert net.variables is log.kept[best][1]


def test_checkpoints_of_epochs(tmp_path):
    straight, first, second = model(), model(), model()
    straight.fit(X, Y, epochs=4, verbose=False)
    store = Checkpoints(tmp_path)
    first.fit(X, Y, epochs=3, verbose=False, callbacks=[nn.SaveCheckpoints(store, every=2)])
    assert store.steps() == [2]
    second.build(X)
    store.restore(model=second)
    second.fit(X, Y, epochs=4, initial_epoch=store.latest, verbose=False)
    assert same_numbers(second, straight)


def test_models_of_several_inputs_are_exported(tmp_path):
    class Difference(nn.Model):
        def __init__(self):
            self.out = nn.Dense(2)

        def forward(self, a, b):
            return self.out(a - b["b"])

    inputs = (X, {"b": X * 2})
    net = Difference()
    net.compile(optim.SGD(0.1), "mse")
    net.build(inputs)
    export.save(tmp_path / "net.jfx", net, inputs)
    export.save(tmp_path / "step.jfx", net, inputs, X[:, :2])
    np.testing.assert_array_equal(export.load(tmp_path / "net.jfx")(inputs), net.predict(inputs))
    step = export.load(tmp_path / "step.jfx")
    for _ in range(2):
        wanted = net.train_on_batch(inputs, X[:, :2])
        assert step(inputs, X[:, :2]) == wanted


def test_copies_train_apart():
    net = model()
    net.fit(X, Y, verbose=False)
    other = copy.deepcopy(net)
    before = net.variables
    other.fit(X, Y, epochs=3, verbose=False)
    assert net.variables is before
    assert not same_numbers(net, other)
    other.layers[0].trainable = False
    net.fit(X, Y, verbose=False)
    with pytest.raises(ArgumentError, match="compile again"):
        copy.deepcopy(other).fit(X, Y, verbose=False)
    assert set(net.children()) == {"dense", "dense_1"}


def test_a_model_is_called_like_a_function():
    net = model()
    net.build(X)
    np.testing.assert_allclose(net(X), net.predict(X), rtol=1e-5, atol=1e-6)
    with pytest.raises(JitflowError, match="init and apply"):
        jf.jit(lambda x: net(x))(X)


def test_layers_in_a_graph():
    net = nn.Sequential([nn.Dense(5, nn.tanh), nn.BatchNorm(), nn.Dropout(0.2), nn.Dense(3)])
    params, state = net.init(KEY, X)
    own = model()
    own.layers = net.layers
    own.compile(optim.Adam(0.05), "sparse_categorical_crossentropy", ["accuracy"])
    own.variables = nn.Variables(params, state)
    with g.Graph().as_default():
        x, y = g.placeholder(g.float32, [None, 4]), g.placeholder(g.int64, [None])
        key = g.placeholder(np.uint32, [2])
        moving = jf.map_tree(lambda a: g.Variable(a, trainable=False), state)
        variables = nn.Variables(jf.map_tree(g.Variable, params), moving)
        logits, new = net.apply(variables, x, training=True, key=key)
        loss, right = nn.sparse_categorical_crossentropy(y, logits), nn.accuracy(y, logits)
        moves = [g.assign(*pair) for pair in zip(flatten(moving)[0], flatten(new)[0], strict=True)]
        train = g.group(optim.Adam(0.05).minimize(loss), *moves)
        sess = g.Session()
        sess.run(g.global_variables_initializer())
        for step in range(5):
            drawn = jf.random.fold_in(jf.random.key(1), step)
            found = sess.run([loss, right, train], {x: X, y: Y, key: drawn})
            wanted = own.train_on_batch(X, Y)
            np.testing.assert_allclose(found[:2], list(wanted.values()), rtol=1e-5)
        mean = own.variables.state["batchnorm"]["mean"]
        np.testing.assert_allclose(sess.run(moving["batchnorm"]["mean"]), mean, atol=1e-6)
        with pytest.raises(ValueError, match=r"a class number is not in 0\.\.2"):
            sess.run(loss, {x: X, y: Y + 1, key: drawn})


def test_names_of_metrics():
    net = model([functools.partial(nn.accuracy), lambda y, o: np.mean(o), lambda y, o: np.max(o)])
    net.build(X)
    assert list(net.evaluate(X, Y)) == ["loss", "accuracy", "<lambda>", "<lambda>_1"]


def test_far_logits_in_float32():
    far = np.array([[1e4, -1e4, 0.0]], np.float32)
    for loss, y in (
        (nn.sparse_categorical_crossentropy, np.array([1])),
        (nn.categorical_crossentropy, np.array([[0, 1, 0]])),
        (nn.binary_crossentropy, np.array([[0, 1, 1]])),
        (nn.hinge, np.array([[-1, 1, 1]])), (nn.huber, np.array([[0, 1, 0]])),
    ):  # fmt: skip
        value, slope = jf.jit(jf.value_and_grad(lambda o, loss=loss, y=y: loss(y, o)))(far)
        assert value.dtype == np.float32
        assert 1e3 < value <= 2e4
        assert np.isfinite(slope).all()
    assert nn.top_k_accuracy(1)(np.array([0]), far * np.nan) == 0


def test_sixteen_bits_throughout(tmp_path):
    """Layers keep the dtype; moving averages and slots are float32 from the start."""
    dtype = ml_dtypes.bfloat16

    def build():
        made = nn.Sequential([
            nn.Dense(8, nn.gelu), nn.BatchNorm(), nn.LayerNorm(), nn.Dropout(0.2), nn.Dense(3),
        ])  # fmt: skip
        made.compile(optim.AdamW(0.03), "sparse_categorical_crossentropy", ["accuracy"])
        made.build(X.astype(dtype))
        return made

    net, other = build(), build()
    losses = net.fit(X.astype(dtype), Y, epochs=8, batch_size=10, verbose=False).history["loss"]
    assert losses[-1] < losses[0]
    assert net.predict(X.astype(dtype)).dtype == dtype
    assert net.variables.params["dense"]["kernel"].dtype == dtype
    assert net.variables.state["batchnorm"]["mean"].dtype == np.float32
    assert net._code["train"].cache_info().misses == 1
    Checkpoints(tmp_path).save(1, net=net)
    Checkpoints(tmp_path).restore(net=other)
    assert same_numbers(net, other)


def test_the_bar_of_a_terminal_ends_with_the_training(monkeypatch, capsys):
    """A second display would be refused while the first one is shown."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    net = model()
    with pytest.raises(RuntimeError, match="full"):
        net.fit(X, Y, callbacks=[Stop(RuntimeError("full"), 1)])
    net.fit(X, Y, epochs=2)
    assert re.search(r"epoch 2/2  loss 1\.\d+", capsys.readouterr().out)
