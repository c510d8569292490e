"""Exported functions run in a process that has none of their Python code, with the same bits."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from typing import NamedTuple

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow import export, optim, random
from jitflow.errors import TraceError
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
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=600
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


def test_arguments_by_keyword_static_and_donated(tmp_path):
    @jf.jit(static_argnames="n", donate_argnames=("x", "z"))
    def f(n, x, y, *, z):
        return x * n, z + y

    def example():
        return {"x": np.ones(3), "z": np.zeros(3)}

    export.save(tmp_path / "f", f, 3, y=1.5, **example())
    loaded = export.load(tmp_path / "f")
    given = example()
    found = loaded(y=1.5, **given)
    equal(found, (np.full(3, 3.0), np.full(3, 1.5)))
    assert found[0] is given["x"] and found[1] is given["z"]
    export.save(tmp_path / "g", f, 3, np.ones(3), 2.5, z=np.zeros(3))
    given = example()
    found = export.load(tmp_path / "g")(given["x"], 1, z=given["z"])
    equal(found, (np.full(3, 3.0), np.ones(3)))
    assert found[0] is given["x"]
    with pytest.raises(TraceError, match=r"it takes \(\(\*, \*\), \{'z': \*\}\), not \(\*, \*\)"):
        export.load(tmp_path / "g")(np.ones(3), 1.0)


def test_python_numbers_where_floats_were_saved(tmp_path):
    export.save(tmp_path / "f", lambda x, n: x * n, np.float32(2), 3)
    loaded = export.load(tmp_path / "f")
    assert loaded(2, 3) == loaded(np.float32(2), 3) == 6
    assert loaded(2.0, 3).dtype == np.float32
    with pytest.raises(TraceError, match=r"%n is i64\[\], not f64\[\]"):
        loaded(2.0, 3.5)
    export.save(tmp_path / "g", lambda x: x + x, np.int8(2))
    with pytest.raises(TraceError, match=r"%x is i8\[\], not i64\[\]"):
        export.load(tmp_path / "g")(300)


def test_random_numbers_and_files_of_files(tmp_path):
    def draw(key, x):
        return random.normal(key, (5,)) * x

    key = random.key(7)
    export.save(tmp_path / "f", draw, key, 2.0)
    once = export.load(tmp_path / "f")
    export.save(tmp_path / "g", jf.jit(lambda k: once(k, 2.0) + once(k, 1.0)), key)
    export.save(tmp_path / "h", once)
    twice = export.load(tmp_path / "g")
    equal(once(key, 2.0), jf.jit(draw)(key, 2.0))
    equal(twice(key), jf.jit(lambda k: draw(k, 2.0) + draw(k, 1.0))(key))
    assert (tmp_path / "h").read_bytes() == (tmp_path / "f").read_bytes()


def test_what_cannot_be_exported_is_named_with_its_line(tmp_path):
    class Box:
        def __init__(self, x):
            self.x = x

    jf.register(Box, lambda b: ((b.x,), None), lambda data, parts: Box(*parts))
    with pytest.raises(ExportError, match="a .*Box cannot be exported: only Python can build it"):
        export.save(tmp_path / "f", Box, np.ones(3))
    deep = 1.0
    for _ in range(300):
        deep = [deep]
    with pytest.raises(ExportError, match="containers 201 deep cannot be exported"):
        export.save(tmp_path / "f", lambda x: x, deep)
    with pytest.raises(ExportError, match="cannot export an int"):
        export.save(tmp_path / "f", 3)
    with pytest.raises(TypeError):
        export.save(tmp_path / "f", loss, *example(), "text")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def saved(tmp_path):
    """A small file, and its bytes."""
    path = tmp_path / "f"
    export.save(path, lambda x: {"a": x * SCALE, "b": x[0]}, np.ones(3, np.float32))
    return path, path.read_bytes()


def test_a_file_that_is_cut_anywhere_is_refused(saved):
    path, whole = saved
    for size in {*range(0, len(whole), 11), *range(len(whole) - 80, len(whole))}:
        path.write_bytes(whole[:size])
        with pytest.raises(ExportError, match="damaged"):
            export.load(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(ExportError, match="damaged"):
        export.load(path)


def test_a_flipped_bit_anywhere_is_refused(saved):
    path, whole = saved
    for at in range(0, len(whole), 5):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        with pytest.raises(ExportError, match=r"damaged|has format"):
            export.load(path)


def rewritten(path, whole, **changed):
    """The file with other parts, and a check that fits them."""
    with zipfile.ZipFile(io.BytesIO(whole)) as zipped:
        parts = {name: zipped.read(name) for name in zipped.namelist()}
    parts.update((name.replace("_", "."), data) for name, data in changed.items())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, data in parts.items():
            made.writestr(name, data)
        made.comment = b"0" * 64
    data = file.getvalue()[:-64]
    path.write_bytes(data + hashlib.sha256(data).hexdigest().encode())


def mutations(value):
    """The value with each of its parts replaced by another kind of thing, one at a time."""
    for other in (None, -1, "x", [], {}, [7], {"tuple": [["*"]]}, {"dict": [["a", "*"]]}):
        if other != value:
            yield other
    if isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            for changed in mutations(part):
                copy = value.copy()
                copy[key] = changed
                yield copy
            shorter = value.copy()
            del shorter[key]
            yield shorter


def saved_program(path):
    with g.Graph().as_default(), g.Session() as session:
        n = g.Variable(np.int32(0), name="n")
        session.run(g.global_variables_initializer())
        x = g.placeholder(np.int32, [], "x")
        export.save(path, session, [g.Print(n.assign_add(x), [x], "x: ")], [x])
    return path.read_bytes()


@pytest.mark.parametrize("is_program", [False, True])
def test_descriptions_that_do_not_fit_are_refused(saved, is_program):
    """Nothing but ExportError comes of them; what loads is one of another name or structure."""
    path, whole = saved
    if is_program:
        whole = saved_program(path)
    with zipfile.ZipFile(io.BytesIO(whole)) as zipped:
        about = json.loads(zipped.read("about.json"))
    refused = 0
    for changed in mutations(about):
        rewritten(path, whole, about_json=json.dumps(changed).encode())
        try:
            export.load(path)
        except ExportError:
            refused += 1
        else:
            assert all(changed[name] == about[name] for name in ("format", "dtypes"))
    assert refused > 100


@pytest.mark.parametrize(("text", "problem"), [
    ("func @f(%x: f32[3]) { return %x, %x }", "there are more constants than"),
    ("func @f(%x: f32[3], %c: f32[3]) { return %x }", "the function has other results"),
    ("func @f(%x: f32[3], %c: f32[4]) { return %x, %c }", "the constants are not those"),
    ("func @f(%x: f32[3]) { return %y }", "'%y' is not defined"),
    ("func @f(%x: f32[3]) { %0: f32[3] = steal %x return %0 }", "unknown op"),
    ("func @f(%x: &f32[3], %c: f32[3]) { return %c, %c }", "it is loop IR, not a graph"),
    ("func @f(%x: f32[3], %c: f32[3]) { %i: i64[] = constant {value=9} "
     "%b: &f32[3] temp = alloc %0: f32[] = load %b, %i return %c, %0 }", "it is loop IR"),
    ("", "got the end of the text"),
    ("func @f() { return } func @g() { return }", "too many values"),
])  # fmt: skip
def test_ir_that_is_not_a_graph_of_arrays_is_refused(saved, text, problem):
    path, whole = saved
    rewritten(path, whole, function_jf=text.encode())
    with pytest.raises(ExportError, match=problem):
        export.load(path)


def test_pickled_constants_are_refused(saved):
    path, whole = saved
    file = io.BytesIO()
    np.savez(file, **{"0": np.array([print], object)})
    rewritten(path, whole, constants_npz=file.getvalue())
    with pytest.raises(ExportError, match="pickle"):
        export.load(path)


def test_files_that_are_others(tmp_path, saved):
    path, whole = saved
    for known in (1, 3, "2"):
        rewritten(path, whole, about_json=json.dumps({"format": known}).encode())
        with pytest.raises(ExportError, match=f"f has format {known!r}; this jitflow reads 2"):
            export.load(path)
    path.write_bytes(b"no zip")
    with pytest.raises(ExportError, match="no exported function"):
        export.load(path)
    params, x = example()
    export.save(path, loss, params, x)
    export.save(tmp_path / "again", loss, params, x)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()
    with pytest.raises(ExportError, match=r"cannot write .*No such file"):
        export.save(tmp_path / "none" / "f", loss, params, x)
    with pytest.raises(ExportError, match="cannot read"):
        export.load(tmp_path / "none")
