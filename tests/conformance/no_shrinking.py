"""A pytest plugin: a test that fails is not made smaller, which would take minutes a test."""

import hypothesis
import pytest


@pytest.hookimpl(trylast=True)
def pytest_configure():
    """Behind the suite's own settings."""
    find = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("find", hypothesis.settings(phases=find))
    hypothesis.settings.load_profile("find")
