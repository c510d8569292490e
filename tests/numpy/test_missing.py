"""What is not traced raises by name, with what to write instead; the page lists it."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import jitflow.numpy as jnp
from jitflow.errors import TraceError


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: np.trim_zeros(x), r"np.trim_zeros is not supported(.|\n)*depends on the elem"),
        (lambda x: np.union1d(x, x), r"np.union1d is not supported(.|\n)*with size="),
        (lambda x: x.tolist(), r"attribute .tolist is not supported(.|\n)*cure"),
        (lambda x: x.strides, r"attribute .strides is not supported(.|\n)*no memory yet"),
    ],
)
def test_missing_names(call, text, evaluate):
    with pytest.raises(TraceError, match=text):
        evaluate(call, np.ones(3))


def test_names_of_the_namespace():
    with pytest.raises(AttributeError, match="use np.genfromtxt outside @jit"):
        _ = jnp.genfromtxt
    with pytest.raises(AttributeError, match="NumPy has no such name"):
        _ = jnp.no_such_name


def test_the_page_lists_what_there_is():
    file = Path(__file__).parents[2] / "scripts" / "list_numpy.py"
    spec = importlib.util.spec_from_file_location("list_numpy", file)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    listed = script.PAGE.read_text().split(script.START)[1]
    lines = {line.split("`")[1] for line in listed.splitlines() if line[:3] == "| `"}
    script.is_differentiable = lambda name: False
    now = {line.split("`")[1] for line in script.tables().splitlines() if line[:3] == "| `"}
    assert now == lines, "run python scripts/list_numpy.py"
