"""Settings read from the environment, once, when jitflow is imported.

Owns the names, types and defaults of the `JITFLOW_*` variables. Knows no other part of jitflow
but the errors.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from time import time_ns
from typing import Any

from jitflow.errors import ConfigError

STARTED_NS = time_ns()
"""When jitflow was imported: before any file that code comes from."""

FLAGS = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}

MOST_THREADS = 256

MOST = {"num_threads": MOST_THREADS, "pool_bytes": 2**63 - 1, "cache_bytes": 2**63 - 1}
"""The largest values of settings that are sizes and counts; none is below 0."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One field per variable: `verify` is `JITFLOW_VERIFY`."""

    verify: bool = False
    """Run the verifier after every pass."""

    debug: bool = False
    """Let the command line show the tracebacks of errors."""

    pass_limit: int = -1
    """Stop after this many pass runs, for bisection; -1 is no limit."""

    cache_dir: str = ""
    """Where code is kept between processes: a folder, `off`, or "" for the user's own cache."""

    cache_bytes: int = 1 << 28
    """How large that folder may grow: what was used longest ago goes; 0 keeps nothing."""

    pool_bytes: int = 1 << 30
    """How much memory may wait for the next large results; 0 turns the pool off."""

    baseline: bool = True
    """Make baseline code of short calls first, and full code once it has run for a while."""

    native_entry: bool = True
    """Let CPython call compiled code without Python in between, where that is possible."""

    num_threads: int = 0
    """How many threads a call may use; 0: as many as the machine lets this process."""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings that `environment` asks for; ConfigError where a value cannot be read."""
    chosen: dict[str, Any] = {
        field.name: read_value(variable, environment[variable], type(field.default))
        for field in fields(Settings)
        if (variable := f"JITFLOW_{field.name.upper()}") in environment
    }
    for name, most in MOST.items():
        if not 0 <= chosen.get(name, 0) <= most:
            variable = f"JITFLOW_{name.upper()}"
            text = environment[variable]
            raise ConfigError(f"{variable}={text!r}: expected 0 to {most}")
    return Settings(**chosen)


def read_value(variable: str, text: str, kind: type) -> bool | int | str:
    """One variable's value as text, a `bool` (1 or 0, true or false, on or off) or an `int`."""
    if kind is str:
        return text
    try:
        return FLAGS[text.strip().lower()] if kind is bool else int(text)
    except (KeyError, ValueError):
        expected = "1 or 0" if kind is bool else "a whole number"
        raise ConfigError(f"{variable}={text!r}: expected {expected}") from None


settings = read_settings(os.environ)
