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
        ("JITFLOW_NUM_THREADS", "257", "JITFLOW_NUM_THREADS='257': expected 0 to 256"),
        ("JITFLOW_POOL_BYTES", "-1", f"JITFLOW_POOL_BYTES='-1': expected 0 to {2**63 - 1}"),
        ("JITFLOW_CACHE_BYTES", "-5", f"JITFLOW_CACHE_BYTES='-5': expected 0 to {2**63 - 1}"),
    ],
)
def test_unreadable_value_names_variable(variable, value, expected):
    with pytest.raises(ConfigError) as raised:
        read_settings({variable: value})
    assert str(raised.value) == expected
