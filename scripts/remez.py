"""Weighted minimax polynomials by the Remez exchange, in arbitrary precision.

Owns the algorithm only; which function is fitted, and why, is said in fit_math.py. Needs mpmath.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mpmath

Function = Callable[[mpmath.mpf], mpmath.mpf]

ITERATIONS = 20
SAMPLES = 600
LEVELLED = mpmath.mpf("1.01")


def fit(
    function: Function, lower: float, upper: float, degree: int, weight: Function
) -> tuple[list[mpmath.mpf], mpmath.mpf]:
    """The polynomial p of `degree` that minimises max |weight * (p - function)|.

    Returns its coefficients, lowest power first, and that maximum over the sample grid.
    Method: E. Remez, 1934; the exchange moves all points at once.
    """
    grid = _chebyshev_extrema(lower, upper, SAMPLES)
    values = [function(x) for x in grid]
    weights = [weight(x) for x in grid]
    points = _spread(degree + 2, len(grid))
    for _ in range(ITERATIONS):
        coefficients = _levelled(grid, values, weights, points, degree)
        errors = [
            w * (evaluate(coefficients, x) - v)
            for x, v, w in zip(grid, values, weights, strict=True)
        ]
        extrema = _alternating_extrema(errors)
        if len(extrema) < len(points):
            break
        points = _strongest_run(extrema, errors, len(points))
        sizes = [abs(errors[i]) for i in points]
        if max(sizes) < LEVELLED * min(sizes):
            break
    return coefficients, max(abs(e) for e in errors)


def evaluate(coefficients: Sequence[mpmath.mpf], x: mpmath.mpf) -> mpmath.mpf:
    """The polynomial with these coefficients, lowest power first, at x; Horner's scheme."""
    total = mpmath.mpf(0)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


def _chebyshev_extrema(lower: float, upper: float, count: int) -> list[mpmath.mpf]:
    middle, half = (mpmath.mpf(lower) + upper) / 2, (mpmath.mpf(upper) - lower) / 2
    return [middle - half * mpmath.cos(mpmath.pi * i / count) for i in range(count + 1)]


def _spread(count: int, size: int) -> list[int]:
    return [round(i * (size - 1) / (count - 1)) for i in range(count)]


def _levelled(
    grid: list[mpmath.mpf],
    values: list[mpmath.mpf],
    weights: list[mpmath.mpf],
    points: list[int],
    degree: int,
) -> list[mpmath.mpf]:
    """The polynomial whose weighted error at `points` alternates in sign at one size."""
    matrix = mpmath.matrix(degree + 2, degree + 2)
    right = mpmath.matrix(degree + 2, 1)
    for row, i in enumerate(points):
        for power in range(degree + 1):
            matrix[row, power] = grid[i] ** power
        matrix[row, degree + 1] = (-1) ** row / weights[i]
        right[row] = values[i]
    solution = mpmath.lu_solve(matrix, right)
    return [solution[power] for power in range(degree + 1)]


def _alternating_extrema(errors: list[mpmath.mpf]) -> list[int]:
    """The index of the largest error in each run of one sign."""
    runs: list[list[int]] = [[0]]
    for i in range(1, len(errors)):
        if mpmath.sign(errors[i]) * mpmath.sign(errors[runs[-1][-1]]) < 0:
            runs.append([])
        runs[-1].append(i)
    return [max(run, key=lambda i: abs(errors[i])) for run in runs]


def _strongest_run(extrema: list[int], errors: list[mpmath.mpf], count: int) -> list[int]:
    """`count` consecutive extrema, the weaker end dropped until so many are left."""
    kept = list(extrema)
    while len(kept) > count:
        kept.pop(0 if abs(errors[kept[0]]) < abs(errors[kept[-1]]) else -1)
    return kept
