"""First gradients of a deep network: traced, compiled and run, with the result in hand."""

import numpy as np
from case import Bar, Case, Kind, Run
from peers import import_jax, import_torch

from cases.first_call import BEFORE

LAYERS, WIDTH, BATCH = 12, 64, 32

Layer = dict[str, np.ndarray]


def params() -> list[Layer]:
    rng = np.random.default_rng(0)
    spread = np.float32(WIDTH) ** np.float32(-0.5)
    return [
        {
            "w": rng.standard_normal((WIDTH, WIDTH), np.float32) * spread,
            "b": rng.standard_normal(WIDTH, np.float32),
        }
        for _ in range(LAYERS)
    ]


def batch() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((BATCH, WIDTH), np.float32)


def slope_of_tanh(seed: int) -> float:
    """A number that no other network has: its layers are alike, as they mostly are."""
    return round(float(np.random.default_rng(seed).uniform(0.5, 1.5)), 6)


def mean_square(np, seed: int):
    """The network's loss over a library's namespace."""
    slope = slope_of_tanh(seed)

    def loss(params, x):
        for layer in params:
            x = np.tanh((x @ layer["w"] + layer["b"]) * slope)
        return (x * x).mean()

    return loss


def by_hand(seed: int) -> list[Layer]:
    x, slope, layers = batch(), slope_of_tanh(seed), params()
    inputs = []
    for layer in layers:
        inputs.append(x)
        x = np.tanh((x @ layer["w"] + layer["b"]) * slope)
    found, outer = [], 2 * x / x.size
    for layer, before in zip(layers[::-1], inputs[::-1], strict=True):
        inner = outer * (1 - x * x) * slope
        found.append({"w": before.T @ inner, "b": inner.sum(axis=0)})
        x, outer = before, inner @ layer["w"].T
    return found[::-1]


def with_jitflow(seed: int) -> Run:
    import jitflow as jf

    gradient, arguments = jf.jit(jf.grad(mean_square(np, seed))), (params(), batch())
    return lambda: gradient(*arguments)


def with_jax(seed: int) -> Run:
    jax = import_jax()
    gradient = jax.jit(jax.grad(mean_square(jax.numpy, seed)))
    arguments = jax.device_put((params(), batch()))
    return lambda: jax.block_until_ready(gradient(*arguments))


def with_torch(seed: int) -> Run:
    torch = import_torch()
    torch.compiler.reset()  # or it has code for any slope, once it has met others
    loss = torch.compile(mean_square(torch, seed))
    tensors = [
        {name: torch.from_numpy(x).requires_grad_() for name, x in layer.items()}
        for layer in params()
    ]
    x = torch.from_numpy(batch())
    names, flat = [*tensors[0]], [x for layer in tensors for x in layer.values()]

    def run():
        found = iter(torch.autograd.grad(loss(tensors, x), flat))
        return [{name: next(found) for name in names} for _ in tensors]

    return run


def case(name: str, title: str, rows, **more) -> Case:
    return Case(
        name=name,
        title=f"first gradient of a {LAYERS}-layer MLP of width {WIDTH}, batch of {BATCH}{title}",
        reference=by_hand,
        rows=rows,
        tolerance=1e-4,
        rounds=7,
        bars=(Bar("jax", 1 / 4),),
        **more,
    )


ROWS = {"jitflow": with_jitflow, "jax": with_jax, "torch compiled": with_torch}
CASES = (
    case(
        "first_gradient", "", ROWS, kind=Kind.FIRST_CALL, fewer_rounds={"torch compiled": 2},
    ),
    case(
        "first_gradient_new", ", in a process that compiled x + 1 only",
        {name: row for name, row in ROWS.items() if name in BEFORE},
        kind=Kind.FIRST_CALL_OF_PROCESS, before=BEFORE,
        left_out={"torch compiled": "a new process of it takes longer than all other rows"},
    ),
)  # fmt: skip
