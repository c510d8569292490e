"""A network of two layers by hand: forward, backward and update, beside the tape's gradients.

    python examples/moons.py
"""

import numpy as np

import jitflow as jf
from jitflow import optim


def moons(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of two half circles that reach into each other, and which of them."""
    rng = np.random.default_rng(seed)
    angle, side = rng.uniform(0, np.pi, count), rng.integers(0, 2, count)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x[side == 1] = [1, 0.5] - x[side == 1]
    return x + 0.1 * rng.normal(size=x.shape), side.astype(np.float64)


def forward(x, w1, b1, w2, b2):
    """Logits, one for each point."""
    return (np.tanh(x @ w1 + b1) @ w2 + b2)[:, 0]


def cost(logits, y):
    """Cross-entropy of probabilities 1 / (1 + exp(-logit))."""
    return np.mean(np.logaddexp(logits, 0.0) - y * logits)


def backward(x, y, w1, b1, w2, b2):
    """The gradients of the cost, by the chain rule written out."""
    h = np.tanh(x @ w1 + b1)
    slope = ((1 / (1 + np.exp(-(h @ w2 + b2)[:, 0])) - y) / len(y))[:, None]
    inner = (slope @ w2.T) * (1 - h * h)
    return x.T @ inner, inner.sum(0), h.T @ slope, slope.sum(0)


def main(steps: int = 300) -> tuple[float, float]:
    x, y = moons(300, seed=0)
    rng = np.random.default_rng(1)
    shapes = (2, 16), (16,), (16, 1), (1,)
    params = [jf.Variable(0.5 * rng.normal(size=shape)) for shape in shapes]
    opt = optim.Adam(0.05)
    furthest = 0.0
    for step in range(steps):
        with jf.GradientTape() as tape:
            loss = cost(forward(x, *params), y)
        slopes = tape.gradient(loss, params)
        by_hand = backward(x, y, *(p.numpy() for p in params))
        for slope, wanted in zip(slopes, by_hand, strict=True):
            furthest = max(furthest, float(abs(slope.numpy() - wanted).max()))
        opt.apply_gradients(zip(slopes, params, strict=True))
        if step % 50 == 0:
            print(f"step {step:3d}  loss {float(loss):.4f}")
    test_x, test_y = moons(200, seed=2)
    logits = forward(test_x, *(p.numpy() for p in params))
    accuracy = float(np.mean((logits > 0) == (test_y > 0.5)))
    print(f"largest difference between tape and hand: {furthest:.1e}")
    print(f"accuracy on other points: {accuracy:.1%}")
    return furthest, accuracy


if __name__ == "__main__":
    main()
