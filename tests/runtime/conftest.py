"""Fixtures of native calls that run Python."""

import pytest

from tests.support.python_classes import Box


@pytest.fixture
def hooks(monkeypatch):
    """Sets what happens when a Box is taken apart, or made."""

    def choose(**functions):
        for name, function in functions.items():
            monkeypatch.setattr(Box, name, staticmethod(function))

    return choose
