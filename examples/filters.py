"""Filters for images, in plain NumPy: nothing here but the decorator knows of jitflow.

Run `python examples/filters.py`; needs the extra `demo` for the picture and the plot.
"""

import argparse
import time
from pathlib import Path

import numpy as np

import jitflow as jf


def blur(image, sigma):
    """Gaussian blur, edges repeated: f32[height, width] -> the same. `sigma` in pixels."""
    radius = int(3 * sigma)
    x = np.arange(-radius, radius + 1)
    weights = np.exp(-(x**2) / (2 * sigma**2)).astype(np.float32)
    weights /= weights.sum()
    height, width = image.shape
    padded = np.pad(image, ((radius, radius), (0, 0)), mode="edge")
    rows = sum(w * padded[i : i + height] for i, w in enumerate(weights))
    padded = np.pad(rows, ((0, 0), (radius, radius)), mode="edge")
    return sum(w * padded[:, i : i + width] for i, w in enumerate(weights))


def sharpen(image, amount=1.5):
    """Unsharp masking: what a blur takes away is added again."""
    return np.clip(image + amount * (image - blur(image, 2)), 0, 1)


def edges(image):
    """How steep the picture is: Sobel's two operators (1968), with a black border."""
    across = image[:, 2:] - image[:, :-2]
    down = image[2:] - image[:-2]
    slope = np.zeros_like(image)
    slope[1:-1, 1:-1] = np.hypot(
        across[:-2] + 2 * across[1:-1] + across[2:],
        down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:],
    )
    return slope


def denoise(image):
    """The median of each pixel and its four neighbours, by a network of minima and maxima."""
    a, b, c = image[1:-1, 1:-1], image[:-2, 1:-1], image[2:, 1:-1]
    d, e = image[1:-1, :-2], image[1:-1, 2:]
    low, high = np.minimum(a, b), np.maximum(a, b)
    low2, high2 = np.minimum(c, d), np.maximum(c, d)
    f, g = np.maximum(low, low2), np.minimum(high, high2)
    f, g = np.minimum(f, g), np.maximum(f, g)
    result = image.copy()
    result[1:-1, 1:-1] = np.maximum(f, np.minimum(g, e))
    return result


FILTERS = {"sharpen": sharpen, "edges": edges, "denoise": denoise}


def load():
    """A photograph with some noise: f32[427, 640], 0 is black and 1 is white."""
    from sklearn.datasets import load_sample_image

    grey = load_sample_image("china.jpg").mean(axis=2).astype(np.float32) / 255
    noise = np.random.default_rng(0).random(grey.shape) < 0.02
    return np.where(noise, np.float32(1), grey)


def seconds(function, image):
    """The shortest of a few calls."""
    starts = [(time.perf_counter(), function(image), time.perf_counter()) for _ in range(7)]
    return min(end - start for start, _, end in starts)


def main():
    from matplotlib.image import imsave

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("."), help="for the pictures")
    folder = parser.parse_args().folder
    image = load()
    for name, function in FILTERS.items():
        compiled = jf.jit(function)
        result = compiled(image)
        imsave(folder / f"china_{name}.png", np.clip(result, 0, 1), cmap="gray")
        numpy_ms, ours_ms = (1000 * seconds(f, image) for f in (function, compiled))
        print(f"{name:8} NumPy {numpy_ms:6.2f} ms   compiled {ours_ms:6.2f} ms")
    print(f"pictures: {folder}/china_*.png")


if __name__ == "__main__":
    main()
