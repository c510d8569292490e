"""Physics and geometry: stencils, bodies, orbits, waves, points."""

import math

from workloads.workload import integers, normal, uniform, workload


def _heat_rod_by_jax(u):
    import jax

    def step(_, u):
        return u.at[1:-1].add(0.1 * (u[2:] - 2 * u[1:-1] + u[:-2]))

    return jax.lax.fori_loop(0, 100, step, u)


def _heat_rod_by_torch(u):
    for _ in range(100):
        u = u.clone()
        u[1:-1] += 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return u


@workload(
    "100 steps of heat on a rod of f64[10000]", uniform(0, 1, 10000, dtype="f8"),
    jax=_heat_rod_by_jax, torch=_heat_rod_by_torch,
)  # fmt: skip
def heat_rod(np, u):
    for _ in range(100):
        inner = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
        u = np.concatenate([u[:1], inner, u[-1:]])
    return u


@workload("10 steps of heat on a plate of f32[500, 500]", uniform(0, 1, 500, 500))
def heat_plate(np, u):
    for _ in range(10):
        near = np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1)
        u = u + 0.1 * (near - 4 * u)
    return u


@workload(
    "wave equation, 20 steps on f64[200, 200]",
    normal(200, 200, dtype="f8"),
    normal(200, 200, dtype="f8"),
)
def wave(np, u, before):
    for _ in range(20):
        inside = u[1:-1, 1:-1]
        bend = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * inside
        after = 2 * inside - before[1:-1, 1:-1] + 0.2 * bend
        u, before = np.pad(after, ((1, 1), (1, 1))), u
    return u


@workload(
    "forces between 500 bodies, f64", normal(500, 3, dtype="f8"), uniform(1, 2, 500, dtype="f8"),
    tolerance=1e-9,
)  # fmt: skip
def bodies(np, x, mass):
    apart = x[None, :, :] - x[:, None, :]
    square = np.sum(apart * apart, axis=2) + 0.01
    return np.sum(apart * (mass / (square * np.sqrt(square)))[:, :, None], axis=1)


def _lorenz(np, x, y, z):
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


@workload(
    "20 steps of Lorenz's equations by Runge and Kutta, 10,000 orbits in f64",
    *[normal(10000, dtype="f8") for _ in range(3)], tolerance=1e-8,
)  # fmt: skip
def orbits(np, x, y, z):
    h = 0.01
    for _ in range(20):
        a = _lorenz(np, x, y, z)
        b = _lorenz(np, x + h / 2 * a[0], y + h / 2 * a[1], z + h / 2 * a[2])
        c = _lorenz(np, x + h / 2 * b[0], y + h / 2 * b[1], z + h / 2 * b[2])
        d = _lorenz(np, x + h * c[0], y + h * c[1], z + h * c[2])
        x = x + h / 6 * (a[0] + 2 * b[0] + 2 * c[0] + d[0])
        y = y + h / 6 * (a[1] + 2 * b[1] + 2 * c[1] + d[1])
        z = z + h / 6 * (a[2] + 2 * b[2] + 2 * c[2] + d[2])
    return x, y, z


@workload(
    "Mandelbrot's set, 50 steps for f32[300, 300]",
    uniform(-2, 1, 300, 300),
    uniform(-1, 1, 300, 300),
)
def mandelbrot(np, a, b):
    x, y, steps = a, b, 0 * a
    for _ in range(50):
        x, y = x * x - y * y + a, 2 * x * y + b
        inside = x * x + y * y < 4.0
        steps = steps + inside
        x, y = np.where(inside, x, 0 * x), np.where(inside, y, 0 * y)
    return steps


@workload("a step of the game of life on u8[1000, 1000]", integers(0, 2, 1000, 1000, dtype="u1"))
def life(np, cells):
    rows = cells + np.roll(cells, 1, 0) + np.roll(cells, -1, 0)
    near = rows + np.roll(rows, 1, 1) + np.roll(rows, -1, 1) - cells
    return np.where(near == 3, 0 * cells + 1, np.where(near == 2, cells, 0 * cells))


@workload(
    "great-circle distances of 1000 x 300 places, f64",
    *[uniform(-1.5, 1.5, n, dtype="f8") for n in (1000, 1000, 300, 300)], tolerance=1e-7,
)  # fmt: skip
def great_circle(np, lat1, lon1, lat2, lon2):
    across = np.sin((lat1[:, None] - lat2) / 2)
    along = np.sin((lon1[:, None] - lon2) / 2)
    part = across * across + np.cos(lat1)[:, None] * np.cos(lat2) * along * along
    return 2 * 6371.0 * np.arctan2(np.sqrt(part), np.sqrt(1 - part))


@workload("100,000 points in space turned by a matrix, f32", normal(100000, 3), normal(3, 3))
def turned_points(np, points, matrix):
    return points @ matrix.T


@workload("products of 50,000 quaternions, f32", normal(50000, 4), normal(50000, 4))
def quaternions(np, p, q):
    a, b, c, d = p[:, 0], p[:, 1], p[:, 2], p[:, 3]
    w, x, y, z = q[:, 0], q[:, 1], q[:, 2], q[:, 3]
    return np.stack(
        [a * w - b * x - c * y - d * z, a * x + b * w + c * z - d * y,
         a * y - b * z + c * w + d * x, a * z + b * y - c * x + d * w], axis=1,
    )  # fmt: skip


@workload("polynomial of degree 12 by Horner, f64[500000]", uniform(-1, 1, 500000, dtype="f8"))
def polynomial(np, x):
    result = 0.5 * x
    for k in range(12):
        result = result * x + 1 / (k + 1)
    return result


@workload(
    "matrix by vector, f64[1000, 1000]", normal(1000, 1000, dtype="f8"), normal(1000, dtype="f8")
)
def matrix_vector(np, a, x):
    return a @ x


@workload("500 products of 8 x 8, f32", normal(500, 8, 8), normal(500, 8, 8))
def small_products(np, a, b):
    return a @ b


@workload("lengths of 100,000 vectors in space, f32", normal(100000, 3))
def lengths(np, x):
    return np.sqrt(np.sum(x * x, axis=1))


@workload(
    "product and trace: sum of A * B.T, f32[1000, 1000]", normal(1000, 1000), normal(1000, 1000)
)
def trace_of_product(np, a, b):
    return np.sum(a * b.T)


@workload(
    "kinetic energy of molecules: einsum over f64[200, 50, 3]",
    normal(200, 50, 3, dtype="f8"),
    uniform(1, 2, 50, dtype="f8"),
)
def energies(np, v, mass):
    return 0.5 * np.einsum("tik,tik,i->t", v, v, mass)


@workload(
    "inverse distances of 20,000 pairs of rows by index, f32",
    normal(5000, 3),
    integers(0, 5000, 20000),
    integers(0, 5000, 20000),
)
def bonds(np, x, i, j):
    apart = x[i] - x[j]
    return 1 / np.sqrt(np.sum(apart * apart, axis=1) + math.pi)
