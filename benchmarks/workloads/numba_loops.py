"""Workloads as loops, as one writes for numba: compiled by `njit`, so plain Python over arrays.

Constants are of the arrays' dtype, so that numba computes in it as the others do.
"""

import math

import numpy as np


def heat_rod(u):
    u, after = u.copy(), u.copy()
    for _ in range(100):
        for i in range(1, u.size - 1):
            after[i] = u[i] + 0.1 * (u[i + 1] - 2 * u[i] + u[i - 1])
        u, after = after, u
    return u


def heat_plate(u):
    rows, columns = u.shape
    u, after = u.copy(), u.copy()
    for _ in range(10):
        for i in range(rows):
            above, below = u[i - 1], u[(i + 1) % rows]
            for j in range(columns):
                near = above[j] + below[j] + u[i, j - 1] + u[i, (j + 1) % columns]
                after[i, j] = u[i, j] + np.float32(0.1) * (near - np.float32(4) * u[i, j])
        u, after = after, u
    return u


def nearest_centre(x, centres):
    nearest = np.empty(x.shape[0], np.int64)
    for i in range(x.shape[0]):
        least = np.float32(np.inf)
        for k in range(centres.shape[0]):
            total = np.float32(0)
            for d in range(x.shape[1]):
                apart = x[i, d] - centres[k, d]
                total += apart * apart
            if total < least:
                least, nearest[i] = total, k
    return nearest


def distances(x, y):
    result = np.empty((x.shape[0], y.shape[0]), np.float32)
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            total = np.float32(0)
            for d in range(x.shape[1]):
                apart = x[i, d] - y[j, d]
                total += apart * apart
            result[i, j] = total
    return result


def moving_mean(x):
    result = np.empty(x.size - 50)
    total = 0.0
    for i in range(1, 51):
        total += x[i]
    result[0] = total / 50
    for i in range(51, x.size):
        total += x[i] - x[i - 50]
        result[i - 50] = total / 50
    return result


def running_totals(x):
    result = np.empty_like(x)
    for i in range(x.shape[0]):
        total = np.float32(0)
        for j in range(x.shape[1]):
            total += x[i, j]
            result[i, j] = total
    return result


def running_totals_down(x):
    result = x.copy()
    for i in range(1, x.shape[0]):
        for j in range(x.shape[1]):
            result[i, j] += result[i - 1, j]
    return result


def greatest_column(x):
    result = np.empty(x.shape[0], np.int64)
    for i in range(x.shape[0]):
        result[i] = np.argmax(x[i])
    return result


def count_between(x):
    count = 0
    for value in x:
        count += (value > np.float32(-0.5)) & (value < np.float32(1.5))
    return count


def quotients(x, y):
    result = np.empty_like(x)
    for i in range(x.size):
        result[i] = x[i] // y[i] + x[i] % y[i]
    return result


def bodies(x, mass):
    result = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[0]):
            a, b, c = x[j, 0] - x[i, 0], x[j, 1] - x[i, 1], x[j, 2] - x[i, 2]
            square = a * a + b * b + c * c + 0.01
            pull = mass[j] / (square * math.sqrt(square))
            result[i, 0] += a * pull
            result[i, 1] += b * pull
            result[i, 2] += c * pull
    return result


def mandelbrot(a, b):
    steps = np.zeros_like(a)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            x, y = a[i, j], b[i, j]
            for _ in range(50):
                x, y = x * x - y * y + a[i, j], np.float32(2) * x * y + b[i, j]
                if x * x + y * y >= np.float32(4):
                    x, y = np.float32(0), np.float32(0)
                else:
                    steps[i, j] += np.float32(1)
    return steps


def life(cells):
    rows, columns = cells.shape
    result = np.empty_like(cells)
    for i in range(rows):
        below = (i + 1) % rows
        for j in range(columns):
            right = (j + 1) % columns
            near = (
                cells[i - 1, j - 1] + cells[i - 1, j] + cells[i - 1, right] + cells[i, j - 1]
                + cells[i, right] + cells[below, j - 1] + cells[below, j] + cells[below, right]
            )  # fmt: skip
            result[i, j] = near == 3 or (near == 2 and cells[i, j] == 1)
    return result


def sobel(u):
    result = np.empty((u.shape[0] - 2, u.shape[1] - 2), np.float32)
    two = np.float32(2)
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            across = (
                u[i, j + 2] - u[i, j] + two * (u[i + 1, j + 2] - u[i + 1, j])
                + u[i + 2, j + 2] - u[i + 2, j]
            )  # fmt: skip
            down = (
                u[i + 2, j] - u[i, j] + two * (u[i + 2, j + 1] - u[i, j + 1])
                + u[i + 2, j + 2] - u[i, j + 2]
            )  # fmt: skip
            result[i, j] = math.sqrt(across * across + down * down)
    return result


def bilinear(image, y, x):
    result = np.empty_like(x)
    one = np.float32(1)
    for k in range(x.size):
        i, j = int(y[k]), int(x[k])
        fy, fx = y[k] - np.float32(i), x[k] - np.float32(j)
        upper = image[i, j] * (one - fx) + image[i, j + 1] * fx
        lower = image[i + 1, j] * (one - fx) + image[i + 1, j + 1] * fx
        result[k] = upper * (one - fy) + lower * fy
    return result


def returns(prices):
    days, shares = prices.shape
    mean, deviation = np.zeros(shares), np.zeros(shares)
    change = np.empty((days - 1, shares))
    for i in range(days - 1):
        for j in range(shares):
            change[i, j] = math.log(prices[i + 1, j] / prices[i, j])
            mean[j] += change[i, j]
    mean /= days - 1
    for i in range(days - 1):
        for j in range(shares):
            deviation[j] += (change[i, j] - mean[j]) ** 2
    return mean, np.sqrt(deviation / (days - 1)) * math.sqrt(252)
