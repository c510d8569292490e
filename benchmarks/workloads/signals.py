"""Signals, images and finance: filters, windows, colours, paths, prices."""

import math

from workloads.workload import integers, normal, uniform, workload

TAPS = [math.exp(-(((k - 15) / 6) ** 2)) for k in range(31)]
GAUSS = [math.exp(-(((k - 3) / 1.5) ** 2)) for k in range(7)]


@workload("filter of 31 taps on f32[200000]", normal(200000))
def filter_of_taps(np, x):
    n = x.shape[0] - 30
    return sum(tap * x[k : k + n] for k, tap in enumerate(TAPS))


@workload("root mean square of windows of 64, f32[512000]", normal(512000))
def window_power(np, x):
    windows = x.reshape(-1, 64)
    return np.sqrt(np.mean(windows * windows, axis=1))


@workload("autocorrelation at 32 lags, f64[20000]", normal(20000, dtype="f8"), tolerance=1e-9)
def autocorrelation(np, x):
    return np.stack([np.sum(x[: 20000 - k] * x[k:]) for k in range(32)])


@workload("edges by Sobel on f32[512, 512]", uniform(0, 1, 512, 512))
def sobel(np, u):
    across = u[:-2, 2:] - u[:-2, :-2] + 2 * (u[1:-1, 2:] - u[1:-1, :-2]) + u[2:, 2:] - u[2:, :-2]
    down = u[2:, :-2] - u[:-2, :-2] + 2 * (u[2:, 1:-1] - u[:-2, 1:-1]) + u[2:, 2:] - u[:-2, 2:]
    return np.sqrt(across * across + down * down)


@workload("Gaussian blur of 7 x 7 in two passes, f32[512, 512]", uniform(0, 1, 512, 512))
def blur(np, u):
    rows = sum(weight * u[:, k : k + 506] for k, weight in enumerate(GAUSS))
    return sum(weight * rows[k : k + 506] for k, weight in enumerate(GAUSS))


@workload("colours to grey, u8[720, 1280, 3]", integers(0, 256, 720, 1280, 3, dtype="u1"))
def grey(np, image):
    return 0.299 * image[:, :, 0] + 0.587 * image[:, :, 1] + 0.114 * image[:, :, 2]


@workload(
    "brightness and contrast of f32[720, 1280, 3]",
    uniform(0, 1, 720, 1280, 3),
    uniform(0.5, 1.5, 3),
)
def contrast(np, image, gain):
    return np.minimum(np.maximum((image - 0.5) * gain + 0.6, 0.0), 1.0)


@workload("image of 600 x 600 turned by a quarter and mirrored, f32", uniform(0, 1, 600, 600))
def quarter_turn(np, image):
    return 1 - image.T


@workload("mean over blocks of 4 x 4 of f32[1024, 1024]", uniform(0, 1, 1024, 1024))
def shrink(np, image):
    return np.mean(image.reshape(256, 4, 256, 4), axis=(1, 3))


def _bilinear_by_torch(image, y, x):
    top, left = y.floor(), x.floor()
    fy, fx = y - top, x - left
    i, j = top.long(), left.long()
    upper = image[i, j] * (1 - fx) + image[i, j + 1] * fx
    lower = image[i + 1, j] * (1 - fx) + image[i + 1, j + 1] * fx
    return upper * (1 - fy) + lower * fy


@workload(
    "bilinear samples of f32[256, 256] at 100,000 places",
    uniform(0, 1, 256, 256), uniform(0, 254, 100000), uniform(0, 254, 100000),
    torch=_bilinear_by_torch,
)  # fmt: skip
def bilinear(np, image, y, x):
    top, left = np.floor(y), np.floor(x)
    fy, fx = y - top, x - left
    i, j = top.astype(int), left.astype(int)
    upper = image[i, j] * (1 - fx) + image[i, j + 1] * fx
    lower = image[i + 1, j] * (1 - fx) + image[i + 1, j + 1] * fx
    return upper * (1 - fy) + lower * fy


@workload(
    "prices of 200,000 European calls by tanh, f64",
    *[uniform(*r, 200000, dtype="f8") for r in ((10, 50), (10, 50), (0.2, 2))], tolerance=1e-9,
)  # fmt: skip
def calls(np, price, strike, years):
    spread = 0.3 * np.sqrt(years)
    d1 = (np.log(price / strike) + 0.065 * years) / spread
    d2 = d1 - spread
    share = 0.5 + 0.5 * np.tanh(0.797885 * d1 * (1 + 0.044715 * d1 * d1))
    bond = 0.5 + 0.5 * np.tanh(0.797885 * d2 * (1 + 0.044715 * d2 * d2))
    return price * share - strike * np.exp(-0.02 * years) * bond


@workload(
    "mean price over 5000 paths of 100 days, f64", normal(5000, 100, dtype="f8"), tolerance=1e-9
)
def paths(np, z):
    steps = 0.0002 + 0.01 * z
    return np.mean(np.maximum(np.mean(100 * np.exp(np.cumsum(steps, axis=1)), axis=1) - 100, 0.0))


@workload(
    "variance of 2000 portfolios of 100 shares, f64",
    normal(2000, 100, dtype="f8"),
    normal(100, 100, dtype="f8"),
    tolerance=1e-9,
)
def portfolios(np, w, covariance):
    return np.sum((w @ covariance) * w, axis=1)


@workload(
    "returns and their deviation in windows, f64[252, 500]", uniform(50, 150, 252, 500, dtype="f8")
)
def returns(np, prices):
    change = np.log(prices[1:] / prices[:-1])
    return np.mean(change, axis=0), np.std(change, axis=0) * math.sqrt(252)
