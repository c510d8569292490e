"""Trainings of many kinds beside torch, in float64: every loss of every step is the same."""

import numpy as np
import pytest

import jitflow as jf
from jitflow import nn, optim, random

torch = pytest.importorskip("torch")
F = torch.nn.functional

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 5))
CLASSES = RNG.integers(0, 3, 12)
KEY = random.key(1)
STEPS = 12


def tensors(tree):
    """The parameters of a tree as leaves of torch, in the same tree."""
    return jf.map_tree(lambda x: torch.tensor(np.array(x), requires_grad=True), tree)


def leaves(tree):
    return [x for part in tree.values() for x in leaves(part)] if isinstance(tree, dict) else [tree]


def torch_losses(params, loss, peer, steps=STEPS):
    """The losses of a training by torch, with the optimizer that `peer` makes."""
    optimizer = peer(leaves(params))
    found = []
    for step in range(steps):
        optimizer.zero_grad()
        value = loss(params, step)
        value.backward()
        optimizer.step()
        found.append(value.item())
    return found


def our_losses(model, x, y, steps=STEPS):
    return [model.train_on_batch(x, y)["loss"] for _ in range(steps)]


def dense(p, x):
    return x @ p["kernel"] + p["bias"]


def same(ours, theirs):
    assert ours[-1] != ours[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def adam(parameters):
    return torch.optim.Adam(parameters, 0.02)


def compiled(model, loss, optimizer=None, x=X):
    model.compile(optimizer or optim.Adam(0.02), loss)
    model.build(x)
    return model, tensors(model.variables.params)


def test_batch_norm_layer_norm_and_label_smoothing():
    model = nn.Sequential([
        nn.Dense(8), nn.BatchNorm(0.9, 1e-5), nn.gelu, nn.LayerNorm(1e-5), nn.Dense(3),
    ])  # fmt: skip

    def smooth(y, logits):
        return nn.sparse_categorical_crossentropy(y, logits, smoothing=0.1)

    model, p = compiled(model, smooth, optim.AdamW(0.02, weight_decay=0.1))
    mean, variance = torch.zeros(8, dtype=torch.float64), torch.ones(8, dtype=torch.float64)

    def loss(p, step):
        h = dense(p["dense"], torch.tensor(X))
        scale, offset = p["batchnorm"]["scale"], p["batchnorm"]["offset"]
        h = F.batch_norm(h, mean, variance, scale, offset, True, 0.1, 1e-5)
        h = F.gelu(h, approximate="tanh")
        h = F.layer_norm(h, (8,), p["layernorm"]["scale"], p["layernorm"]["offset"], 1e-5)
        logits = dense(p["dense_1"], h)
        return F.cross_entropy(logits, torch.tensor(CLASSES), label_smoothing=0.1)

    theirs = torch_losses(p, loss, lambda ps: torch.optim.AdamW(ps, 0.02, weight_decay=0.1))
    same(our_losses(model, X, CLASSES), theirs)
    state = model.variables.state["batchnorm"]
    np.testing.assert_allclose(state["mean"], mean.numpy(), atol=1e-8)
    rest = 0.9**STEPS  # torch keeps the variance of the population, 12 / 11 of ours
    kept = (state["variance"] - rest) * 12 / 11 + rest
    np.testing.assert_allclose(kept, variance.numpy(), rtol=1e-8)


class Siamese(nn.Model):
    def __init__(self):
        self.encoder = nn.Sequential([nn.Dense(6, nn.tanh), nn.Dense(4)])
        self.scale = nn.Dense(1)

    def forward(self, a, b):
        return self.scale(np.square(self.encoder(a) - self.encoder(b)))[:, 0]


def test_a_siamese_network_has_one_encoder():
    pair, y = (X, RNG.normal(size=X.shape)), (CLASSES == 1).astype(float)
    model, p = compiled(Siamese(), "binary_crossentropy", x=pair)
    assert set(p) == {"encoder", "scale"}

    def loss(p, step):
        def encode(x):
            return dense(p["encoder"]["dense_1"], torch.tanh(dense(p["encoder"]["dense"], x)))

        a, b = map(torch.tensor, pair)
        logits = dense(p["scale"], (encode(a) - encode(b)) ** 2)[:, 0]
        return F.binary_cross_entropy_with_logits(logits, torch.tensor(y))

    theirs = torch_losses(p, loss, adam)
    same(our_losses(model, pair, y), theirs)
    assert model.predict(pair, batch_size=5).shape == (12,)
    wanted = model(*pair)
    np.testing.assert_allclose(model.predict(pair, batch_size=5), wanted, rtol=1e-12)


class Recurrent(nn.Model):
    def __init__(self):
        self.words = nn.Embedding(7, 4, dtype=np.float64)
        self.cell = nn.Dense(6, nn.tanh)
        self.out = nn.Dense(3)

    def forward(self, words):
        x = self.words(words)
        state = np.zeros((x.shape[0], 6), x.dtype)
        for step in range(x.shape[1]):
            state = self.cell(np.concatenate([x[:, step], state], axis=1))
        return self.out(state)


def test_an_unrolled_recurrent_network():
    words = RNG.integers(0, 7, (12, 5))
    model, p = compiled(
        Recurrent(), "sparse_categorical_crossentropy", optim.SGD(0.3, clip_norm=0.5), words
    )

    def loss(p, step):
        x = p["words"]["table"][torch.tensor(words)]
        state = torch.zeros(12, 6, dtype=torch.float64)
        for step in range(5):
            state = torch.tanh(dense(p["cell"], torch.cat([x[:, step], state], 1)))
        return F.cross_entropy(dense(p["out"], state), torch.tensor(CLASSES))

    class Clipped(torch.optim.SGD):
        def step(self):
            ours = [x.grad for group in self.param_groups for x in group["params"]]
            norm = torch.sqrt(sum((g**2).sum() for g in ours))
            for g in ours:
                g *= 0.5 / torch.clamp(norm, min=0.5)
            super().step()

    theirs = torch_losses(p, loss, lambda ps: Clipped(ps, 0.3))
    same(our_losses(model, words, CLASSES), theirs)


def test_an_autoencoder_with_tied_weights():
    class Tied(nn.Model):
        def forward(self, x):
            kernel = self.param("kernel", (5, 2), random.initializers.normal(0, 0.5), x.dtype)
            return nn.sigmoid(x @ kernel) @ kernel.T

    model, p = compiled(Tied(), "huber", optim.RMSProp(0.01, epsilon=1e-8))

    def loss(p, step):
        x = torch.tensor(X)
        return F.huber_loss(torch.sigmoid(x @ p["kernel"]) @ p["kernel"].T, x)

    theirs = torch_losses(p, loss, lambda ps: torch.optim.RMSprop(ps, 0.01, 0.9))
    same(our_losses(model, X, X), theirs)


def test_transfer_learning():
    """A trained base within another model brings its numbers, and stays as it is."""
    base = nn.Sequential([nn.Dense(6, nn.relu), nn.BatchNorm(0.5), nn.Dropout(0.5)])
    base.build(X)
    base.compile(optim.SGD(0.1), "mse")
    base.fit(X, np.ones((12, 6)), epochs=3, verbose=False)
    before = base.variables
    base.trainable = False
    model = nn.Sequential([base, nn.Dense(3)])
    optimizer = optim.AdamW(0.05, weight_decay=0.3)
    model, p = compiled(model, "sparse_categorical_crossentropy", optimizer)
    features = torch.tensor(base.predict(X))

    def loss(p, step):
        return F.cross_entropy(dense(p, features), torch.tensor(CLASSES))

    theirs = torch_losses(
        p["dense"], loss, lambda ps: torch.optim.AdamW(ps, 0.05, weight_decay=0.3)
    )
    same(our_losses(model, X, CLASSES), theirs)
    after = model.variables
    for kept, own in ((after.params, before.params), (after.state, before.state)):
        for a, b in zip(leaves(kept["sequential"]), leaves(own), strict=True):
            np.testing.assert_array_equal(a, b)
    assert set(model.slots.slots["m"]) == {"dense"}
    assert "18 trained" not in model.summary() and "21 trained, 48 frozen" in model.summary()


def test_two_optimizers_in_one_step():
    """A generator and a critic: each has its loss, its optimizer, and gradients of its own."""
    generator, critic = nn.Dense(2), nn.Sequential([nn.Dense(4, nn.tanh), nn.Dense(1)])
    noise, real = RNG.normal(size=(STEPS, 8, 3)), RNG.normal(size=(8, 2)) + 3
    g = generator.init(KEY, noise[0]).params
    c = critic.init(KEY, real).params
    rules = optim.Adam(0.02), optim.RMSProp(0.02, epsilon=1e-8)

    def judge(c, x):
        return np.mean(critic.apply(nn.Variables(c, {}), x)[0])

    def fake(g, z):
        return generator.apply(nn.Variables(g, {}), z)[0]

    @jf.jit
    def step(g, c, states, z):
        def critic_loss(c):
            return judge(c, fake(g, z)) - judge(c, real) + 0.1 * judge(c, real) ** 2

        def generator_loss(g):
            return -judge(c, fake(g, z))

        first, slopes = jf.value_and_grad(critic_loss)(c)
        c, state = rules[1].update(c, slopes, states[1])
        second, slopes = jf.value_and_grad(generator_loss)(g)
        g, other = rules[0].update(g, slopes, states[0])
        return g, c, (other, state), first, second

    tg, tc = tensors(g), tensors(c)
    og = torch.optim.Adam(leaves(tg), 0.02)
    oc = torch.optim.RMSprop(leaves(tc), 0.02, 0.9)

    def torch_judge(x):
        return dense(tc["dense_1"], torch.tanh(dense(tc["dense"], x))).mean()

    states = rules[0].init(g), rules[1].init(c)
    for z in noise:
        g, c, states, first, second = step(g, c, states, z)
        t = torch.tensor(real)
        value = torch_judge(dense(tg, torch.tensor(z)).detach()) - torch_judge(t)
        value = value + 0.1 * torch_judge(t) ** 2
        oc.zero_grad()
        value.backward()
        oc.step()
        np.testing.assert_allclose(first, value.item(), rtol=1e-9)
        other = -torch_judge(dense(tg, torch.tensor(z)))
        og.zero_grad()
        other.backward()
        og.step()
        np.testing.assert_allclose(second, other.item(), rtol=1e-9)


def test_a_tape_around_layers():
    """A loop of one's own: variables of the eager mode in the trees of a layer with state."""
    layer = nn.Sequential([nn.Dense(4), nn.BatchNorm(0.9, 1e-5), nn.Dense(3)])
    params, state = layer.init(KEY, X)
    p = tensors(params)
    own = jf.map_tree(jf.Variable, params)
    opt = optim.Adam(0.02)
    mean, variance = torch.zeros(4, dtype=torch.float64), torch.ones(4, dtype=torch.float64)

    def loss(p, step):
        h = dense(p["dense"], torch.tensor(X))
        norm = p["batchnorm"]
        h = F.batch_norm(h, mean, variance, norm["scale"], norm["offset"], True, 0.1, 1e-5)
        return F.cross_entropy(dense(p["dense_1"], h), torch.tensor(CLASSES))

    found = []
    for _ in range(STEPS):
        with jf.GradientTape() as tape:
            logits, state = layer.apply(nn.Variables(own, state), jf.constant(X), training=True)
            value = nn.sparse_categorical_crossentropy(CLASSES, logits)
        slopes = tape.gradient(value, leaves(own))
        opt.apply_gradients(zip(slopes, leaves(own), strict=True))
        found.append(float(value))
        state = jf.map_tree(np.asarray, state)
    same(found, torch_losses(p, loss, adam))


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "binary_crossentropy"])
def test_losses_with_weights(loss):
    y, out, w = RNG.random((6, 2)), RNG.normal(size=(6, 2)), RNG.random(6)
    theirs = {
        "mse": F.mse_loss, "mae": F.l1_loss, "huber": F.huber_loss,
        "binary_crossentropy": F.binary_cross_entropy_with_logits,
    }[loss](torch.tensor(out), torch.tensor(y), reduction="none").numpy()  # fmt: skip
    function = jf.jit(nn.losses.NAMES[loss])
    np.testing.assert_allclose(function(y, out), theirs.mean(), rtol=1e-12)
    wanted = np.average(theirs.mean(1), weights=w)
    np.testing.assert_allclose(function(y, out, w), wanted, rtol=1e-12)
    assert function(y, out, 0 * w) == 0


def test_weights_of_classes_and_parts_that_do_not_count():
    logits = RNG.normal(size=(4, 6, 3))
    y = RNG.integers(0, 3, (4, 6))
    of_classes = np.array([0.2, 1.0, 3.0])
    ignored = RNG.random((4, 6)) < 0.3
    weights = np.where(ignored, 0, of_classes[y])
    target = torch.tensor(np.where(ignored, -100, y)).reshape(-1)
    flat = torch.tensor(logits).reshape(-1, 3)
    theirs = F.cross_entropy(flat, target, weight=torch.tensor(of_classes))
    ours = nn.sparse_categorical_crossentropy(y, logits, weights)
    np.testing.assert_allclose(ours, theirs.item(), rtol=1e-12)
