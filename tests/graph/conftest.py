"""Each test builds in a graph of its own."""

import pytest

import jitflow.graph as g


@pytest.fixture(autouse=True)
def graph():
    made = g.Graph()
    with made.as_default():
        yield made


@pytest.fixture
def shown(capsys):
    """What Python's print shows of values."""

    def show(*values):
        capsys.readouterr()
        print(*values)
        return capsys.readouterr().out.rstrip("\n")

    return show
