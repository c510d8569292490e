"""Worker threads: how many, and the call that runs a chunked loop on them."""

from jitflow.runtime.threads.count import cpu_quota, machine_threads, usable_cpus
from jitflow.runtime.threads.workers import get_num_threads, pool, set_num_threads

__all__ = [
    "cpu_quota", "get_num_threads", "machine_threads", "pool", "set_num_threads", "usable_cpus",
]  # fmt: skip
