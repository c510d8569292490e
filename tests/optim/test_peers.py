"""Fifty steps beside torch, whose formulas are these; clipping too."""

import ml_dtypes
import numpy as np
import pytest

import jitflow as jf
from jitflow import optim

torch = pytest.importorskip("torch")

PAIRS = {
    "sgd": (optim.SGD(0.05), torch.optim.SGD, {"lr": 0.05}),
    "momentum": (optim.Momentum(0.02), torch.optim.SGD, {"lr": 0.02, "momentum": 0.9}),
    "nesterov": (
        optim.Momentum(0.02, 0.8, nesterov=True), torch.optim.SGD,
        {"lr": 0.02, "momentum": 0.8, "nesterov": True},
    ),
    "adam": (optim.Adam(0.03), torch.optim.Adam, {"lr": 0.03}),
    "adamw": (
        optim.AdamW(0.03, weight_decay=0.2), torch.optim.AdamW, {"lr": 0.03, "weight_decay": 0.2},
    ),
    "rmsprop": (optim.RMSProp(0.01, 0.9, epsilon=1e-8), torch.optim.RMSprop,
                {"lr": 0.01, "alpha": 0.9}),
    "rmsprop with momentum": (
        optim.RMSProp(0.01, 0.9, 0.5, 1e-8), torch.optim.RMSprop,
        {"lr": 0.01, "alpha": 0.9, "momentum": 0.5},
    ),
    "adagrad": (optim.Adagrad(0.1, 1e-10), torch.optim.Adagrad, {"lr": 0.1}),
    "adam, clipped": (optim.Adam(0.03, clip_norm=0.5), torch.optim.Adam, {"lr": 0.03}),
}  # fmt: skip

W = np.array([1.0, -2.0, 0.5])
B = np.array([[0.3], [2.0]])


def loss(p):
    return np.sum(p["w"] ** 2 * np.arange(1.0, 4.0).astype(p["w"].dtype)) + np.sum(np.cos(p["b"]))


CASES = [(name, np.float64, 1e-13) for name in PAIRS]


@pytest.mark.parametrize(("name", "dtype", "digits"), [*CASES, ("adamw", np.float32, 2e-5)])
def test_fifty_steps(name, dtype, digits):
    ours, theirs, settings = PAIRS[name]
    params = {"w": W.astype(dtype), "b": B.astype(dtype)}
    w, b = leaves = [torch.tensor(params[key], requires_grad=True) for key in "wb"]
    peer = theirs(leaves, **settings)
    state = ours.init(params)
    step = jf.jit(lambda p, s: ours.update(p, jf.grad(loss)(p), s))
    for _ in range(50):
        params, state = step(params, state)
        peer.zero_grad()
        ((w**2 * torch.arange(1.0, 4.0, dtype=w.dtype)).sum() + torch.cos(b).sum()).backward()
        if ours.clip_norm:
            norm = torch.sqrt(sum((x.grad.double() ** 2).sum() for x in leaves))
            for x in leaves:
                x.grad *= min(1.0, ours.clip_norm / float(norm))
        peer.step()
    for key, x in zip("wb", leaves, strict=True):
        assert params[key].dtype == dtype
        np.testing.assert_allclose(params[key], x.detach().numpy(), rtol=digits, atol=digits)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("name", ["momentum", "adamw", "adagrad"])
def test_sixteen_bits_are_updated_in_float32(name, dtype):
    """One rounding for each step: moments do not sink below the smallest number, as slopes do."""
    opt = PAIRS[name][0]
    params = {"w": W.astype(dtype), "still": np.ones(2, dtype)}
    slopes = {"w": (W * 1e-3).astype(dtype), "still": np.zeros(2, dtype)}
    step = jf.jit(opt.update)
    found, state = params, opt.init(params)
    wanted, wide = params, opt.init({k: x.astype(np.float32) for k, x in params.items()})
    for _ in range(3):
        found, state = step(found, slopes, state)
        up = [{k: x.astype(np.float32) for k, x in t.items()} for t in (wanted, slopes)]
        wanted, wide = opt.update(*up, wide)
        wanted = {k: x.astype(dtype) for k, x in wanted.items()}
    assert found["w"].dtype == dtype
    assert all(x.dtype == np.float32 for tree in state.slots.values() for x in tree.values())
    np.testing.assert_array_equal(found["w"], wanted["w"])
    np.testing.assert_array_equal(found["still"], wanted["still"])


@pytest.mark.parametrize("name", ["cosine", "exponential", "staircase"])
def test_schedules_are_those_of_torch(name):
    peer = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    schedules = torch.optim.lr_scheduler
    ours, theirs = {
        "cosine": (
            optim.cosine_decay(0.5, 20, 0.02),
            schedules.CosineAnnealingLR(peer, 20, eta_min=0.01),
        ),
        "exponential": (optim.exponential_decay(0.5, 1, 0.9), schedules.ExponentialLR(peer, 0.9)),
        "staircase": (
            optim.exponential_decay(0.5, 4, 0.5, staircase=True), schedules.StepLR(peer, 4, 0.5),
        ),
    }[name]  # fmt: skip
    for count in range(20):
        np.testing.assert_allclose(ours(count), theirs.get_last_lr()[0], rtol=1e-12)
        np.testing.assert_allclose(ours(np.int64(count)), ours(float(count)), rtol=0)
        peer.step()
        theirs.step()
