"""The generated coefficients are what scripts/fit_math.py makes: a few, fitted anew."""

from pathlib import Path

import pytest

from jitflow.ir.expand import coefficients

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def fit_math(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import fit_math

    return fit_math


@pytest.mark.parametrize(("name", "bits"), [("SIN", 32), ("EXP", 32), ("COS", 64)])
def test_a_fit_gives_the_coefficients(fit_math, name, bits):
    f = fit_math.FITS[name]
    found, _ = fit_math.fit(f.function, f.lower, f.upper, f.degrees[bits], f.weight)
    rounded = tuple(float(fit_math.rounded(c, bits)) for c in found)
    assert rounded == getattr(coefficients, name)[bits]


@pytest.mark.parametrize("bits", [32, 64])
def test_the_table_of_turns_is_exact(fit_math, bits):
    columns = [tuple(map(float, column)) for column in fit_math.turn_table(bits)]
    assert tuple(columns) == coefficients.TURNS[bits]
