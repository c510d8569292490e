"""Statistics and data: scores, windows, correlations, likelihoods, sorting, counting."""

from workloads.workload import integers, normal, uniform, workload


@workload("standard scores of the columns of f64[100000, 8]", normal(100000, 8, dtype="f8"))
def standard_scores(np, x):
    return (x - np.mean(x, axis=0)) / np.std(x, axis=0)


@workload("moving mean of 50 by cumulative sums, f64[1000000]", normal(1_000_000, dtype="f8"))
def moving_mean(np, x):
    total = np.cumsum(x, axis=0)
    return (total[50:] - total[:-50]) / 50


@workload("correlations of 64 columns of f64[5000, 64]", normal(5000, 64, dtype="f8"))
def correlations(np, x):
    centred = x - np.mean(x, axis=0)
    covariance = centred.T @ centred
    scale = np.sqrt(np.sum(centred * centred, axis=0))
    return covariance / scale[:, None] / scale


@workload(
    "log likelihood of a mixture of 8 normals, f64[100000]",
    normal(100000, dtype="f8"), normal(8, dtype="f8"), uniform(0.5, 2, 8, dtype="f8"),
    tolerance=1e-9,
)  # fmt: skip
def mixture(np, x, centres, widths):
    z = (x[:, None] - centres) / widths
    terms = -0.5 * z * z - np.log(widths)
    top = np.max(terms, axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(terms - top), axis=1)) + top[:, 0])


@workload("skewness and kurtosis of the rows of f64[200, 5000]", normal(200, 5000, dtype="f8"))
def moments(np, x):
    centred = x - np.mean(x, axis=1, keepdims=True)
    variance = np.mean(centred**2, axis=1)
    skewness = np.mean(centred**3, axis=1) / variance**1.5
    return skewness, np.mean(centred**4, axis=1) / variance**2 - 3


@workload("medians of the rows of f64[1000, 101]", normal(1000, 101, dtype="f8"))
def medians(np, x):
    return np.median(x, axis=1)


@workload("f64[100000] sorted", normal(100000, dtype="f8"))
def sorting(np, x):
    return np.sort(x)


@workload(
    "places of 100,000 f64 in 1000 sorted ones",
    normal(100000, dtype="f8"),
    uniform(0, 1, 1000, dtype="f8"),
)
def places(np, x, edges):
    return np.searchsorted(np.cumsum(edges, axis=0), x)


@workload("how many of f32[1000000] lie between two bounds", normal(1_000_000))
def count_between(np, x):
    return np.sum((x > -0.5) & (x < 1.5))


@workload("greatest column of each row of f32[2000, 500]", normal(2000, 500))
def greatest_column(np, x):
    return np.argmax(x, axis=1)


@workload("least and greatest of the columns of f32[5000, 200]", normal(5000, 200))
def ranges(np, x):
    return np.min(x, axis=0), np.max(x, axis=0)


@workload("sum of f32[1000000]", normal(1_000_000))
def total(np, x):
    return np.sum(x)


@workload("distance of two f64[100000]", normal(100000, dtype="f8"), normal(100000, dtype="f8"))
def distance(np, x, y):
    return np.sqrt(np.sum((x - y) * (x - y)))


@workload("cumulative sums along the rows of f32[1000, 1000]", normal(1000, 1000), tolerance=1e-4)
def running_totals(np, x):
    return np.cumsum(x, axis=1)


@workload("cumulative sums down the columns of f32[1000, 1000]", normal(1000, 1000), tolerance=1e-4)
def running_totals_down(np, x):
    return np.cumsum(x, axis=0)


@workload(
    "remainders and quotients of i64[200000]",
    integers(-(10**9), 10**9, 200000),
    integers(1, 1000, 200000),
)
def quotients(np, x, y):
    return x // y + x % y


@workload("xorshift of u32[1000000], 3 rounds", integers(1, 2**32, 1_000_000, dtype="u4"))
def xorshift(np, x):
    for _ in range(3):
        x = x ^ (x << 13)
        x = x ^ (x >> 17)
        x = x ^ (x << 5)
    return x
