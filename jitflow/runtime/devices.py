"""The devices that code can be placed on. There is one today: the processor, with all its cores.

Owns their names. What a device can do is the target's (target.py), and is asked when it is shown.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from jitflow.errors import DeviceError, cut
from jitflow.runtime.machine import host_target

_NAME = re.compile(r"(?:/job:localhost)?(?:/replica:0)?(?:/task:0)?/?(?:device:)?(\w+)(?::(\d+))?")
"""`cpu:0`, `cpu`, `/cpu:0`, `/device:CPU:0`, or all that graph systems write before it."""


@dataclass(frozen=True, slots=True, repr=False)
class Device:
    """Something that runs code. Devices of one kind are numbered from 0 on."""

    kind: str
    index: int

    @property
    def name(self) -> str:
        """`cpu:0`."""
        return f"{self.kind}:{self.index}"

    @property
    def path(self) -> str:
        """The name in full, as texts of nodes have it."""
        return f"/job:localhost/replica:0/task:0/device:{self.kind.upper()}:{self.index}"

    @property
    def description(self) -> str:
        """What it is: the CPU, its vectors, its cores."""
        target = host_target()
        return f"{target.cpu}, vectors of {target.vector_bytes} bytes, {os.cpu_count()} cores"

    def __repr__(self) -> str:
        return f"<Device {self.name}>"


@cache
def devices() -> tuple[Device, ...]:
    """All devices that there are, the one that is used where nothing is said first."""
    return (Device("cpu", 0),)


def find_device(name: Any = None) -> Device:
    """The device of a name, itself, or the default one for None.

    Names are `cpu:0`, `cpu` for its first, or as TensorFlow writes them: `/device:CPU:0`. Raises
    DeviceError, which lists what there is, for one that is absent.
    """
    if name is None:
        return devices()[0]
    if isinstance(name, Device):
        name = name.name
    found = _NAME.fullmatch(name) if isinstance(name, str) else None
    if found is not None:
        wanted = Device(found[1].lower(), int(found[2] or 0))
        if wanted in devices():
            return wanted
    known = ", ".join(device.name for device in devices())
    text = cut(repr(name))
    what = f"no device {text}" if found is not None else f"{text} is no name of a device"
    raise DeviceError(f"{what}\n  there is: {known}\n  cure: name one of these, or none")
