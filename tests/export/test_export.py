"""Exported functions run in a process that has none of their Python code, with the same bits."""

import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

import jitflow as jf
from jitflow import export, optim
from jitflow.errors import JitflowError, TraceError
from jitflow.export import ExportError

RNG = np.random.default_rng(0)
SCALE = RNG.normal(size=(3,)).astype(np.float32)


def loss(params, x):
    return np.mean(np.tanh(x @ params["w"] + params["b"]) ** 2 * SCALE)


def example():
    params = {"w": RNG.normal(size=(4, 3)).astype(np.float32), "b": np.zeros(3, np.float32)}
    return params, RNG.normal(size=(8, 4)).astype(np.float32)


def equal(found, wanted):
    jf.map_tree(lambda a, b: np.testing.assert_array_equal(a, b, strict=True), found, wanted)


def test_forward_and_gradient(tmp_path):
    params, x = example()
    for name, function in {"f": loss, "g": jf.grad(loss), "v": jf.value_and_grad(loss)}.items():
        jitted = jf.jit(function)
        export.save(tmp_path / name, jitted, params, x)
        loaded = export.load(tmp_path / name)
        equal(loaded(params, x), jitted(params, x))
    assert "Exported" in repr(loaded)


def test_a_train_step_with_its_state(tmp_path):
    opt = optim.Adam(0.1)

    @jf.jit
    def step(params, state, x):
        return opt.update(params, jf.grad(loss)(params, x), state)

    params, x = example()
    state = opt.init(params)
    export.save(tmp_path / "step", step, params, state, x)
    loaded = export.load(tmp_path / "step")
    own, other = (params, state), (params, state)
    for _ in range(3):
        own, other = step(*own, x), loaded(*other, x)
    equal(other[0], own[0])
    assert other[1].count == 3
    assert type(other[1]).__name__ == "State"


def test_a_process_without_the_code(tmp_path):
    params, x = example()
    jitted = jf.jit(loss)
    export.save(tmp_path / "f.jfx", jitted, params, x)
    np.savez(tmp_path / "in.npz", x=x, **params)
    script = (
        "import numpy as np, sys\nfrom jitflow import export\n"
        f"d = np.load({str(tmp_path / 'in.npz')!r})\n"
        f"f = export.load({str(tmp_path / 'f.jfx')!r})\n"
        "sys.stdout.write(f(dict(w=d['w'], b=d['b']), d['x']).tobytes().hex())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == jitted(params, x).tobytes().hex()


def test_checks_keep_their_messages(tmp_path):
    def pick(x, i):
        return x[i]

    x = np.arange(3.0)
    export.save(tmp_path / "f", pick, x, 1)
    loaded = export.load(tmp_path / "f")
    assert loaded(x, 2) == 2

    @jf.jit
    def both(x, y, i, j):
        return y[j] + loaded(x, i) + loaded(x, j)

    assert both(x, np.arange(9.0), 1, 0) == 1
    with pytest.raises(IndexError, match="size 3"):
        both(x, np.arange(9.0), 3, 0)
    with pytest.raises(IndexError, match="size 9"):
        both(x, np.arange(9.0), 0, 9)


def test_arguments_that_differ(tmp_path):
    params, x = example()
    export.save(tmp_path / "f", loss, params, x)
    loaded = export.load(tmp_path / "f")
    with pytest.raises(TraceError, match=r"it takes \(\{'b': \*, 'w': \*\}, \*\), not \(\*, \*\)"):
        loaded(x, x)
    with pytest.raises(TraceError, match=r"is f32\[8, 4\], not f32\[7, 4\]"):
        loaded(params, x[:7])


class Point(NamedTuple):
    x: object
    y: object


def test_structures_come_back(tmp_path):
    def f(p, parts):
        return {"p": Point(p.y, p.x), "n": None, "q": [parts[0], (parts[1],)]}

    args = Point(1.0, np.arange(3)), [np.float32(2), np.zeros((0, 2))]
    export.save(tmp_path / "f", f, *args)
    found = export.load(tmp_path / "f")(*args)
    assert (found["p"].x.tolist(), found["p"].y) == ([0, 1, 2], 1.0)
    assert found["n"] is None
    assert found["q"][1][0].shape == (0, 2)


def test_damaged_files(tmp_path):
    params, x = example()
    path = tmp_path / "f"
    export.save(path, loss, params, x)
    whole = path.read_bytes()
    export.save(tmp_path / "again", loss, params, x)
    assert (tmp_path / "again").read_bytes() == whole
    for size in range(0, len(whole) - 1, 97):
        path.write_bytes(whole[:size])
        with pytest.raises(ExportError):
            export.load(path)
    text = b"no zip"
    path.write_bytes(text)
    with pytest.raises(ExportError, match="no exported function"):
        export.load(path)
    with pytest.raises(ExportError, match="cannot write .*No such file"):
        export.save(tmp_path / "none" / "f", loss, params, x)
    with pytest.raises(ExportError, match="cannot read"):
        export.load(tmp_path / "none")


def test_every_flipped_byte_is_found_or_harmless(tmp_path):
    params, x = example()
    path = tmp_path / "f"
    export.save(path, loss, params, x)
    whole = path.read_bytes()
    wanted = jf.jit(loss)(params, x)
    for at in range(0, len(whole), 13):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
        try:
            loaded = export.load(path)
        except JitflowError:
            continue
        assert loaded(params, x) == wanted
