"""A folder of its own for code on disk: `with kept_in(path): ...`."""

from contextlib import contextmanager
from dataclasses import replace

from jitflow.runtime import bodies, library
from jitflow.runtime.background import WORKER
from jitflow.runtime.cache import folder, place, store, why_off
from jitflow.runtime.machine import machine


@contextmanager
def kept_in(path, origin="this machine", **chosen):
    """Code is kept under `path`; the process has not warned yet. chosen: other settings."""
    machine()  # asked before, so that it is not kept there
    WORKER.finish()  # nor what other tests asked for
    with _put((place, store), "settings", replace(place.settings, cache_dir=str(path), **chosen)):
        with _put((place,), "_warned", []), _put((bodies, library), "origin", lambda: origin):
            _forget()
            try:
                yield
            finally:
                _forget()


@contextmanager
def _put(modules, name, value):
    before = [getattr(module, name) for module in modules]
    for module in modules:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, old in zip(modules, before, strict=True):
            setattr(module, name, old)


def _forget():
    folder.cache_clear()
    why_off.cache_clear()
