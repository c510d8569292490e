"""Machine learning: layers, losses and their gradients, distances."""

import math

from workloads.workload import integers, normal, uniform, workload

ROOT_HALF_PI = math.sqrt(2 / math.pi)


@workload(
    "layer norm over the rows of f32[512, 1024]", normal(512, 1024), normal(1024), normal(1024)
)
def layer_norm(np, x, gain, shift):
    centred = x - np.mean(x, axis=1, keepdims=True)
    variance = np.mean(centred * centred, axis=1, keepdims=True)
    return centred / np.sqrt(variance + 1e-5) * gain + shift


@workload("batch norm over the first axis of f32[4096, 128]", normal(4096, 128), normal(128))
def batch_norm(np, x, gain):
    mean = np.mean(x, axis=0)
    variance = np.mean((x - mean) * (x - mean), axis=0)
    return (x - mean) / np.sqrt(variance + 1e-5) * gain


@workload("GELU by tanh of f32[1000, 768]", normal(1000, 768))
def gelu(np, x):
    return 0.5 * x * (1 + np.tanh(ROOT_HALF_PI * (x + 0.044715 * (x * x * x))))


def _layer(np, x, w, b):
    return np.maximum(x @ w + b, 0.0)


@workload(
    "network of 784-256-128-10 on one row",
    normal(1, 784), uniform(-0.05, 0.05, 784, 256), normal(256),
    uniform(-0.1, 0.1, 256, 128), normal(128), uniform(-0.1, 0.1, 128, 10), normal(10),
)  # fmt: skip
def network_one_row(np, x, w1, b1, w2, b2, w3, b3):
    return _layer(np, _layer(np, x, w1, b1), w2, b2) @ w3 + b3


@workload(
    "network of 784-256-128-10 on 64 rows",
    normal(64, 784), uniform(-0.05, 0.05, 784, 256), normal(256),
    uniform(-0.1, 0.1, 256, 128), normal(128), uniform(-0.1, 0.1, 128, 10), normal(10),
)  # fmt: skip
def network_64_rows(np, x, w1, b1, w2, b2, w3, b3):
    return _layer(np, _layer(np, x, w1, b1), w2, b2) @ w3 + b3


@workload(
    "attention of 8 heads, 128 positions of 64 numbers",
    normal(8, 128, 64), normal(8, 128, 64), normal(8, 128, 64),
)  # fmt: skip
def attention(np, q, k, v):
    scores = q @ np.transpose(k, (0, 2, 1)) * 0.125
    powers = np.exp(scores - np.max(scores, axis=2, keepdims=True))
    return (powers / np.sum(powers, axis=2, keepdims=True)) @ v


@workload(
    "gated recurrent unit, 16 steps of 32 rows of 64",
    normal(16, 32, 64), normal(32, 64), *[uniform(-0.1, 0.1, 64, 64) for _ in range(6)],
)  # fmt: skip
def recurrent(np, xs, h, wz, uz, wr, ur, wh, uh):
    for t in range(16):
        x = xs[t]
        z = 1 / (1 + np.exp(-(x @ wz + h @ uz)))
        r = 1 / (1 + np.exp(-(x @ wr + h @ ur)))
        h = (1 - z) * h + z * np.tanh(x @ wh + (r * h) @ uh)
    return h


@workload(
    "convolution of 8 images of 28 x 28, 1 to 8 channels, 3 x 3", normal(8, 28, 28), normal(8, 3, 3)
)
def convolution_of_images(np, images, kernels):
    result = 0.0
    for i in range(3):
        for j in range(3):
            part = images[:, None, i : i + 26, j : j + 26]
            result = result + part * kernels[:, i, j][None, :, None, None]
    return np.maximum(result, 0.0)


@workload(
    "pairwise squared distances, 500 x 300 points in 16 dimensions",
    normal(500, 16),
    normal(300, 16),
)
def distances(np, x, y):
    difference = x[:, None, :] - y[None, :, :]
    return np.sum(difference * difference, axis=2)


@workload(
    "nearest of 16 centres for 20,000 points in 4 dimensions", normal(20000, 4), normal(16, 4)
)
def nearest_centre(np, x, centres):
    difference = x[:, None, :] - centres[None, :, :]
    return np.argmin(np.sum(difference * difference, axis=2), axis=1)


@workload(
    "cosine similarity of the rows of two f32[2000, 300]", normal(2000, 300), normal(2000, 300)
)
def cosine_similarity(np, x, y):
    dot = np.sum(x * y, axis=1)
    return dot / (np.sqrt(np.sum(x * x, axis=1)) * np.sqrt(np.sum(y * y, axis=1)))


@workload(
    "mean of 8 embeddings of 64 numbers for 2000 rows",
    normal(10000, 64),
    integers(0, 10000, 2000, 8),
)
def embedding_mean(np, table, index):
    return np.mean(table[index], axis=1)


@workload(
    "update by Adam of f32[500, 500]",
    normal(500, 500), normal(500, 500), normal(500, 500), uniform(0, 1, 500, 500),
)  # fmt: skip
def adam(np, w, g, m, v):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * (g * g)
    return w - 0.001 * m / (np.sqrt(v) + 1e-8), m, v
