"""The machine of a run, and the same number of threads for everyone on it.

Owns the environment that libraries read when they are imported. Must be imported, and
`use_threads` called, before NumPy and every peer; knows none of them.
"""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PEERS = ["numpy", "llvmlite", "jax", "jaxlib", "torch", "numba", "numexpr", "tensorflow"]

THREADS = (
    "JITFLOW_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
)
"""Variables that say how many threads a library has."""

ONE_AT_A_TIME = {
    "TORCHINDUCTOR_COMPILE_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
"""What else one thread takes. With more, XLA has one for each core that the process may use."""

NO_STORED_CODE = {
    "JITFLOW_CACHE_DIR": "off",
    "JAX_ENABLE_COMPILATION_CACHE": "false",
    "JAX_PLATFORMS": "cpu",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",
}
"""Code that an earlier process has compiled must not serve a first call."""

STORE = "JITFLOW_BENCHMARKS_STORE"
"""Names a folder of this run only, for rows in which processes share what they have compiled."""


def use_threads(count: int) -> None:
    """So many cores, and a thread for each, for this process and for all that it starts."""
    if "numpy" in sys.modules:
        raise RuntimeError("NumPy is already imported; its threads can no longer be set")
    os.environ.update(dict.fromkeys(THREADS, str(count)) | NO_STORED_CODE)
    if count == 1:
        os.environ.update(ONE_AT_A_TIME)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-count:])


def environment() -> dict[str, str]:
    """For new processes: modules come as bytecode, as users have them."""
    return {name: x for name, x in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def threads() -> int:
    """How many `use_threads` has set."""
    return int(os.environ[THREADS[0]])


def facts() -> dict[str, str]:
    """What a reader must know to judge the figures."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()}",
        "threads": f"{threads()} per library, {_pinned()}",
        "versions": ", ".join(_versions()),
    }


def _pinned() -> str:
    if not hasattr(os, "sched_getaffinity"):
        return "by their settings only; this system pins no process"
    cores = ", ".join(map(str, sorted(os.sched_getaffinity(0))))
    return f"the process pinned to core {cores}"


def _versions() -> list[str]:
    import jitflow

    python = f"Python {platform.python_version()}"
    return [f"jitflow {jitflow.__version__}{_commit()}", python, *map(_version, PEERS)]


def _commit() -> str:
    """The commit of this source, where it is a git checkout; `+` where files are changed."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+"]
    try:
        found = subprocess.run(git, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return f" ({found.stdout.strip()})" if found.returncode == 0 else ""


def _version(package: str) -> str:
    for name in (package, f"{package}-cpu"):
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    return f"{package} not installed"


def _processor() -> str:
    """The name of the processor, with the family and model that tell cloud machines apart."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        return platform.processor() or platform.machine()
    found = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    fields = {key.strip(): value.strip() for key, value in found.items()}
    if "model name" not in fields:
        return platform.machine()
    vectors = "AVX-512" if "avx512f" in fields.get("flags", "") else "no AVX-512"
    family, model = fields.get("cpu family", "?"), fields.get("model", "?")
    return f"{fields['model name']} (family {family}, model {model}, {vectors})"
