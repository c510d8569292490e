"""Settings from the environment."""

import pytest

from jitflow.config import Settings, read_settings
from jitflow.errors import ConfigError


def test_defaults():
    assert read_settings({}) == Settings()


def test_values():
    chosen = read_settings({"JITFLOW_VERIFY": "on", "JITFLOW_PASS_LIMIT": "3", "HOME": "x"})
    assert chosen == Settings(verify=True, pass_limit=3)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("JITFLOW_VERIFY", "maybe", "JITFLOW_VERIFY='maybe': expected 1 or 0"),
        ("JITFLOW_PASS_LIMIT", "", "JITFLOW_PASS_LIMIT='': expected a whole number"),
    ],
)
def test_unreadable_value_names_variable(variable, value, expected):
    with pytest.raises(ConfigError) as raised:
        read_settings({variable: value})
    assert str(raised.value) == expected
