"""`jitflow doctor`: versions, the machine, settings, and checks that jitflow works here.

Exit code 1 says that a check failed.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable
from dataclasses import asdict
from time import perf_counter
from typing import Any

import numpy as np

from jitflow import __version__, grad, jit
from jitflow.api.road import Road
from jitflow.cli.colour import BOLD, GREEN, RED, paint
from jitflow.cli.files import write_text
from jitflow.cli.output import add_json, json_text
from jitflow.config import settings
from jitflow.errors import CheckError, clip
from jitflow.ir.interpreter import interpret
from jitflow.ir.parser import parse_function
from jitflow.runtime import cache, host_target
from jitflow.runtime.devices import devices
from jitflow.runtime.engine import engine
from jitflow.runtime.entry import why_no_templates, why_not_native
from jitflow.runtime.memory import why_no_pool
from jitflow.runtime.surroundings import keep, origin
from jitflow.runtime.threads import cpu_quota, get_num_threads, pool, usable_cpus

PACKAGES = ("numpy", "llvmlite", "ml_dtypes", "networkx", "rich")

PROGRAM = """
func @program(%x: f64[37], %y: f64[37]) {
  %0: f64[37] = div %x, %y
  %1: f64[37] = sub %0, %y
  %2: f64[37] = sqrt %1
  %3: i64[37] = convert %0 {dtype=i64}
  return %2, %3
}
"""
CHECK = """
func @check(%x: bool[]) {
  check %x {id=1, message="as it should"}
  return %x
}
"""
WRITING = """
import numpy as np

def function(x):
    out = np.zeros(3)
    out[1] = x[0]
    return out
"""


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "doctor",
        help="check that jitflow works on this machine",
        description="Shows versions, CPU and settings, and checks that jitflow works here.",
        allow_abbrev=False,
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    checks = [_check(name, function) for name, function in CHECKS.items()]
    report = {
        "versions": _versions(),
        "machine": _machine(),
        "settings": {f"JITFLOW_{n.upper()}": v for n, v in asdict(settings).items()},
        "checks": checks,
    }
    write_text("-", json_text(report) if arguments.json else _shown(report))
    return 0 if all(check["ok"] for check in checks) else 1


def _versions() -> dict[str, str]:
    from importlib.metadata import version  # noqa: PLC0415 (slow to load)

    found = {name: version(name) for name in PACKAGES}
    python = f"{platform.python_version()} ({platform.python_implementation()})"
    return {"jitflow": __version__, "python": python, **found}


def _machine() -> dict[str, Any]:
    target = host_target()
    features = [text[1:] for text in target.features.split(",") if text.startswith("+")]
    return {
        "system": platform.platform(),
        "cpu": target.cpu,
        "triple": target.triple,
        "vectors": f"{target.vector_registers} of {target.vector_bytes} bytes",
        "fused multiply-add": target.has_fma,
        "last cache": f"{target.cache_bytes >> 20} MiB" if target.cache_bytes else "not known",
        "features": features,
        "llvm": engine().version,
        "devices": ", ".join(device.name for device in devices()),
        "threads": _threads(),
        "native entry": why_not_native() or "yes",
        "templates of small results": why_not_native() or why_no_templates() or "yes",
        "pool of large results": why_no_pool() or "yes",
        "cache": _cache(),
    }


def _threads() -> str:
    quota = cpu_quota()
    share = "" if quota is None else f", a quota of {quota:g}"
    problem = f"; {pool().problem}" if pool().problem else ""
    return f"{get_num_threads()}: {usable_cpus()} CPUs{share}{problem}"


def _cache() -> str:
    """Where code is kept on disk, or why nowhere."""
    if not cache.folder():
        return f"off: {cache.why_off()}"
    problem = "off: jitflow's own files were changed, or cannot be read"
    return cache.folder() if origin() else problem


def _check(name: str, function: Callable[[], None]) -> dict[str, Any]:
    """What one check came to; whatever it raises is its problem."""
    start = perf_counter()
    problem = ""
    try:
        function()
    except Exception as error:
        if settings.debug:
            raise
        problem = clip(f"{type(error).__name__}: {error}")
    milliseconds = round(1000 * (perf_counter() - start), 1)
    return {"name": name, "ok": not problem, "milliseconds": milliseconds, "problem": problem}


def _compiles() -> None:
    def function(x: Any) -> Any:
        return np.exp(x) + (x * x).sum()

    x = np.linspace(-5, 5, 99)
    np.testing.assert_allclose(jit(function)(x), function(x), 1e-14)


def _has_the_bits_of_the_interpreter() -> None:
    random = np.random.default_rng(0)
    function = parse_function(PROGRAM)
    inputs = [random.standard_normal(37) for _ in function.params]
    compiled = Road(function).made(inputs)
    for got, wanted in zip(compiled, interpret(function, inputs), strict=True):
        np.testing.assert_array_equal(got, wanted)


def _differentiates() -> None:
    x = np.linspace(-2, 2, 50)
    slope = grad(lambda x: np.tanh(x).sum())(x)
    np.testing.assert_allclose(slope, 1 - np.tanh(x) ** 2, 1e-12, 1e-15)


def _reads_instructions() -> None:
    """Which call a user's code makes is read off its bytecode, which any Python may change."""
    names: dict[str, Any] = {}
    exec(compile(WRITING, "<doctor>", "exec"), names)
    np.testing.assert_array_equal(jit(names["function"])(np.ones(1)), [0, 1, 0])


def _reports_a_failed_check() -> None:
    try:
        Road(parse_function(CHECK)).made([np.array(False)])
    except CheckError:
        return
    raise AssertionError("a condition that does not hold was not reported")


def _keeps_code_on_disk() -> None:
    if not cache.folder():
        return
    key = cache.key_of("doctor")
    keep(key, b"code", "check", "doctor")
    if cache.load(key) != b"code":
        raise OSError(f"cannot write to {cache.folder()}: every process compiles anew")


CHECKS: dict[str, Callable[[], None]] = {
    "code computes what NumPy does": _compiles,
    "code has the bits of the interpreter": _has_the_bits_of_the_interpreter,
    "gradients are right": _differentiates,
    "NumPy's own arrays take traced numbers": _reads_instructions,
    "a failed check becomes an error": _reports_a_failed_check,
    "the cache folder can be written": _keeps_code_on_disk,
}


def _shown(report: dict[str, Any]) -> str:
    lines = []
    parts = "versions", "machine", "settings"
    width = max(len(name) for part in parts for name in report[part]) + 2
    for part in parts:
        lines.append(paint(part, BOLD))
        lines += [f"  {name:{width}}{_value(value)}" for name, value in report[part].items()]
    lines.append(paint("checks", BOLD))
    for check in report["checks"]:
        verdict = paint("ok      ", GREEN) if check["ok"] else paint("FAILED  ", RED)
        lines.append(f"  {verdict}{check['name']} ({check['milliseconds']} ms)")
        lines += [f"          {line}" for line in check["problem"].splitlines() if line]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else str(value) or "default"
