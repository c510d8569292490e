"""Trainings by the library's own loop, optimizer and pipeline."""

import time
from functools import cache

import numpy as np
from case import Bar, Case, Run
from digits_steps import data
from peers import import_jax, import_torch

BATCH, RATE = 32, 1e-3
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
PARAMETERS = 10_000_000
LOADS, LOAD_SECONDS = 20, 4e-3


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """f32[n, 64] and labels i64[n]."""
    x, one_hot = data.samples()
    return x, one_hot.argmax(1)


def has_learnt(loss: float, accuracy: float) -> np.bool_:
    """What rows agree on that start with numbers of their own."""
    return np.bool_(0 < loss < np.log(10) and 0.1 < accuracy <= 1)


def jitflow_fit(seed: int) -> Run:
    from jitflow import nn, optim

    x, labels = digits()
    model = nn.Sequential([nn.Dense(64, nn.relu), nn.Dense(10)])
    model.compile(optim.Adam(RATE), "sparse_categorical_crossentropy", ["accuracy"])

    def run():
        found = model.fit(x, labels, batch_size=BATCH, epochs=1, verbose=False).history
        return has_learnt(found["loss"][-1], found["accuracy"][-1])

    return run


def jax_fit(seed: int) -> Run:
    """A jitted step that gives the state its memory back, and the measures of a batch."""
    import functools

    jax = import_jax()
    x, labels = digits()
    rng = np.random.default_rng(seed)

    def dense(rows, columns):
        w = rng.standard_normal((rows, columns), np.float32) / np.sqrt(rows).astype(np.float32)
        return {"w": w, "b": np.zeros(columns, np.float32)}

    def loss(params, x, labels):
        hidden = jax.nn.relu(x @ params["hidden"]["w"] + params["hidden"]["b"])
        z = hidden @ params["out"]["w"] + params["out"]["b"]
        chosen = jax.numpy.take_along_axis(jax.nn.log_softmax(z), labels[:, None], 1)
        return -chosen.mean(), (z.argmax(1) == labels).mean()

    @functools.partial(jax.jit, donate_argnums=0)
    def step(state, x, labels):
        params, m, v, count = state
        measured, slopes = jax.value_and_grad(loss, has_aux=True)(params, x, labels)
        state = jax_adam(jax, params, slopes, m, v, count)
        return state, measured

    params = jax.device_put({"hidden": dense(64, 64), "out": dense(64, 10)})
    zeros = jax.tree.map(jax.numpy.zeros_like, params)
    state = params, zeros, jax.tree.map(jax.numpy.zeros_like, params), jax.numpy.float32(0)

    def run():
        nonlocal state
        order, measured = rng.permutation(len(x)), []
        for start in range(0, len(x), BATCH):
            rows = order[start : start + BATCH]
            state, values = step(state, x[rows], labels[rows])
            measured.append(values)
        return has_learnt(*np.mean(np.array(measured, np.float64), axis=0))

    return run


def jax_adam(jax, params, slopes, m, v, count):
    count = count + 1
    m = jax.tree.map(lambda m, slope: BETA1 * m + (1 - BETA1) * slope, m, slopes)
    v = jax.tree.map(lambda v, slope: BETA2 * v + (1 - BETA2) * slope * slope, v, slopes)
    spread = jax.numpy.sqrt(1 - BETA2**count)
    rate, epsilon = RATE * spread / (1 - BETA1**count), EPSILON * spread
    new = jax.tree.map(
        lambda x, m, v: x - rate * (m / (jax.numpy.sqrt(v) + epsilon)), params, m, v
    )
    return new, m, v, count


def torch_fit(seed: int) -> Run:
    """Autograd, the library's fastest Adam, measures that are read once an epoch."""
    torch = import_torch()
    torch.manual_seed(seed)
    x, labels = map(torch.from_numpy, digits())
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), RATE, fused=True)

    def run():
        order, total, hits = torch.randperm(len(x)), torch.zeros(()), torch.zeros(())
        for start in range(0, len(x), BATCH):
            rows = order[start : start + BATCH]
            wanted = labels[rows]
            optimizer.zero_grad()
            z = model(x[rows])
            loss = torch.nn.functional.cross_entropy(z, wanted)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                total += loss * len(rows)
                hits += (z.argmax(1) == wanted).sum()
        return has_learnt(float(total) / len(x), float(hits) / len(x))

    return run


def numbers() -> tuple[np.ndarray, np.ndarray]:
    """Parameters and slopes."""
    x = np.linspace(-1, 1, PARAMETERS, dtype=np.float32)
    return x, np.roll(x, 1) * np.float32(1e-2)


def require_adam(x: np.ndarray) -> None:
    """That these are the parameters after one update: each moves by the rate, against its slope."""
    start, slope = numbers()
    moved = start - np.float32(RATE) * np.sign(slope)
    clear = np.abs(slope) > 1e-4
    np.testing.assert_allclose(x[clear], moved[clear], atol=1e-5)


def done() -> np.int64:
    """What each row of a case with states of its own gives."""
    return np.int64(PARAMETERS)


def jitflow_adam(seed: int) -> Run:
    import jitflow as jf
    from jitflow import optim

    params, slopes = numbers()
    adam = optim.Adam(RATE)
    state = adam.init(params)

    @jf.jit(donate_argnums=(0, 1))
    def step(params, state, slopes):
        return adam.update(params, slopes, state)

    params, state = step(params, state, slopes)
    require_adam(params)

    def run():
        nonlocal params, state
        params, state = step(params, state, slopes)
        return done()

    return run


def jitflow_session_adam(seed: int) -> Run:
    import jitflow.graph as g
    from jitflow import optim

    start, slopes = numbers()
    with g.Graph().as_default():
        x = g.placeholder(g.float32, [PARAMETERS])
        slope = g.placeholder(g.float32, [PARAMETERS])
        params = g.get_variable("x", [PARAMETERS], initializer=g.zeros_initializer())
        step = optim.Adam(RATE).apply_gradients([(slope, params)])
        set_up, first = g.global_variables_initializer(), params.assign(x)
        sess = g.Session()
    sess.run(set_up)
    sess.run(first.op, {x: start})
    sess.run(step, {slope: slopes})
    require_adam(sess.run(params))

    def run():
        sess.run(step, {slope: slopes})
        return done()

    return run


def jitflow_streams(seed: int) -> Run:
    """As many arrays that are read and written, with next to nothing to compute."""
    import jitflow as jf

    arrays = [numbers()[0] for _ in range(3)]
    slopes = numbers()[1]

    @jf.jit(donate_argnums=(0, 1, 2))
    def step(x, m, v, slope):
        return x + slope, m + slope, v + slope

    def run():
        step(*arrays, slopes)
        return done()

    return run


def jax_donated_adam(seed: int) -> Run:
    import functools

    jax = import_jax()
    params, slopes = jax.device_put(numbers())
    zeros = [jax.numpy.zeros_like(params) for _ in range(2)]

    @functools.partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(params, m, v, count, slopes):
        return jax_adam(jax, params, slopes, m, v, count)

    state = step(params, *zeros, jax.numpy.float32(0), slopes)
    require_adam(np.asarray(state[0]))

    def run():
        nonlocal state
        state = step(*state, slopes)
        jax.block_until_ready(state)
        return done()

    return run


def torch_fused_adam(seed: int) -> Run:
    torch = import_torch()
    start, slopes = numbers()
    params = torch.nn.Parameter(torch.from_numpy(start))
    params.grad = torch.from_numpy(slopes)
    optimizer = torch.optim.Adam([params], RATE, fused=True)
    optimizer.step()
    require_adam(params.detach().numpy())

    def run():
        optimizer.step()
        return done()

    return run


def loaded(prefetched: int):
    """Batches that take a while to come, as from a disk, and steps that take as long."""

    def setup(seed: int) -> Run:
        import jitflow as jf
        from jitflow.data import Dataset

        @jf.jit
        def step(total, x):
            for _ in range(16):
                x = np.tanh(x + np.float32(0.5))
            return total + x.mean()

        def load(k):
            time.sleep(LOAD_SECONDS)
            return np.full(200_000, k, np.float32)

        source = Dataset.from_arrays(np.arange(LOADS)).map(load)
        batches = source.prefetch(prefetched) if prefetched else source

        def run():
            total = np.float32(0)
            for x in batches:
                total = step(total, x)
            return np.bool_(np.isfinite(total))

        return run

    return setup


CASES = (
    Case(
        name="fit_digits",
        title="an epoch of 45 steps on digits: MLP 64-64-10, Adam, shuffled, loss and accuracy",
        reference=lambda seed: np.bool_(True),
        rows={"jitflow": jitflow_fit, "jax": jax_fit, "torch eager": torch_fit},
        bars=(Bar("jax", 1 / 3), Bar("torch", 1 / 3)),
    ),
    Case(
        name="adam_10m",
        title=f"Adam on {PARAMETERS:,} parameters: seven passes over memory",
        reference=lambda seed: done(),
        rows={
            "jitflow": jitflow_adam, "jitflow session": jitflow_session_adam,
            "jitflow streams": jitflow_streams, "jax donated": jax_donated_adam,
            "torch fused": torch_fused_adam,
        },
        bars=(Bar("jitflow streams", 1.25),),
    ),
    Case(
        name="prefetch",
        title=f"{LOADS} batches that take {LOAD_SECONDS:g} s to come each, prefetched or in turn",
        reference=lambda seed: np.bool_(True),
        rows={"jitflow": loaded(2), "jitflow in turn": loaded(0)},
        bars=(Bar("jitflow in turn", 0.75),),
        waits=True,
    ),
)  # fmt: skip
