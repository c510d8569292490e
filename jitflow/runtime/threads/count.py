"""How many threads this process may use at once: its CPUs, and its share of them.

Owns what the system says of that: CPU affinity, and CPU quotas of control groups on Linux.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from jitflow.config import MOST_THREADS

_GROUPS, _CONTROL_GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def machine_threads() -> int:
    """CPUs that the process may run on, or as many whole ones as its control groups allow."""
    cpus = usable_cpus()
    quota = cpu_quota()
    if quota is not None:
        cpus = min(cpus, int(quota))
    return max(1, min(cpus, MOST_THREADS))


def usable_cpus() -> int:
    """By affinity, where the system has such a thing."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_quota(groups: Path = _GROUPS, root: Path = _CONTROL_GROUPS) -> float | None:
    """CPUs by the least quota of the process's control groups and those around them, or None.

    Version 2 has `cpu.max` with quota and period; version 1 a file for each.
    """
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return None
    quotas = [
        quota
        for line in lines
        for folder in _folders(line, root)
        if (quota := _quota(folder)) is not None
    ]
    return min(quotas, default=None)


def _folders(line: str, root: Path) -> Iterator[Path]:
    """The group of a line `number:controllers:path` of /proc/self/cgroup, and those around it."""
    _, _, rest = line.partition(":")
    controllers, _, path = rest.partition(":")
    if controllers and "cpu" not in controllers.split(","):
        return
    top = root / controllers if controllers else root
    inner = Path(path.lstrip("/"))
    for folder in (inner, *inner.parents):
        yield top / folder


def _quota(folder: Path) -> float | None:
    for read in (_quota_2, _quota_1):
        try:
            quota, period = read(folder)
        except (OSError, ValueError):
            continue
        if quota > 0 and period > 0:
            return quota / period
    return None


def _quota_2(folder: Path) -> tuple[int, int]:
    """ValueError where the quota is `max`: there is none."""
    quota, period = (folder / "cpu.max").read_text().split()
    return int(quota), int(period)


def _quota_1(folder: Path) -> tuple[int, int]:
    quota = int((folder / "cpu.cfs_quota_us").read_text())
    return quota, int((folder / "cpu.cfs_period_us").read_text())
