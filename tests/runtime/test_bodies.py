"""Bodies as bytes, what keeps them off the disk, and what code depends on beside its function."""

import ast
import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import jitflow
from jitflow.api.order import host_passes
from jitflow.api.road import Road
from jitflow.ir.core import Function, Op, Region
from jitflow.ir.location import Location
from jitflow.ir.parser import parse_function
from jitflow.runtime import bodies, surroundings
from jitflow.runtime.bodies import body_key, body_of, bytes_of, find_executable, keep_body
from jitflow.runtime.cache import CacheWarning, key_of, load, load_plain
from jitflow.runtime.cache.listing import entries
from jitflow.runtime.cache.store import save
from jitflow.runtime.executable import Failure
from jitflow.runtime.sources import sources
from jitflow.runtime.surroundings import keep
from tests.support.kept_code import kept_in

TEXT = """
func @f(%x: f32[40], %y: f32[40, 99], %c: bool[]) {
  check %c {id=1, message="as it should"}
  %0: f32[40] = sin %x
  %1: f32[40, 99] = sort %y
  %2: f32[40] = reduce_sum %1 {axes=[1]}
  return %0, %2
}
"""
KEY = key_of("f")


@pytest.fixture
def body():
    return Road(parse_function(TEXT)).executable.body


@pytest.fixture
def place(tmp_path):
    with kept_in(tmp_path):
        yield tmp_path / "code"


def test_a_body_is_the_same_when_it_comes_back(body):
    again = body_of(bytes_of(body))
    assert again == body and again is not body
    assert again.failures and again.host_calls and again.calls and again.arena_bytes
    assert {hash(t) for t in again.inputs} == {hash(t) for t in body.inputs}
    assert next(iter(again.calls.values())).row is next(iter(body.calls.values())).row
    assert set(body._fields) >= {"code", "failures", "calls", "host_calls"}


def test_bytes_that_are_no_body_make_no_objects():
    for other in (os.getcwd, os.system, {"a": 1}, Failure("x", None)):
        with pytest.raises(pickle.UnpicklingError):
            body_of(pickle.dumps(other))
    for name in (b"os", b"os.system", b"suppress"):  # what jitflow.files imports
        with pytest.raises(pickle.UnpicklingError):
            body_of(b"\x80\x04\x8c\x0djitflow.files\x8c" + bytes([len(name)]) + name + b"\x93.")


@pytest.mark.parametrize("content", [b"", b"junk", pickle.dumps(7), b"\x80\x04K\x01\x85R."])
def test_an_entry_of_another_form_is_taken_away(content, place):
    save(KEY, content, {})
    with pytest.warns(CacheWarning, match="damaged"):
        assert find_executable(KEY) is None
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"junk", pickle.dumps([7, 2]), pickle.dumps(os.system)])
def test_only_plain_data_is_read_of_other_entries(content, place):
    save(KEY, content, {})
    with pytest.warns(CacheWarning, match="damaged"):
        assert load_plain(KEY, divmod) is None
    assert list(place.iterdir()) == []
    save(KEY, pickle.dumps((7, 2)), {})
    assert load_plain(KEY, divmod) == (3, 1)


def test_code_that_does_not_link_is_taken_away(body, place):
    save(KEY, bytes_of(body._replace(symbol="jitflow_other")), {})
    with pytest.warns(CacheWarning, match="damaged"):
        assert find_executable(KEY) is None
    assert list(place.iterdir()) == []


def test_a_key_tells_graphs_passes_and_origins_apart(tmp_path):
    graph = parse_function(TEXT)
    keys = []
    for origin in ("one", "another", "one"):
        with kept_in(tmp_path, origin):
            keys.append(body_key(graph, host_passes()))
            keys.append(body_key(graph, host_passes()[1:]))
            keys.append(body_key(parse_function(TEXT.replace("sin", "cos")), host_passes()))
    assert all(keys) and len(set(keys)) == 6 and keys[:3] == keys[6:]


def test_what_has_no_key(place, monkeypatch):
    graph = parse_function(TEXT)
    assert body_key(graph, ())
    for chosen in ({"verify": True}, {"pass_limit": 3}):
        with monkeypatch.context() as patch:
            patch.setattr(bodies, "settings", replace(bodies.settings, **chosen))
            assert body_key(graph, ()) == ""
    with kept_in(place, origin=""):
        assert body_key(graph, ()) == ""
    with kept_in("off"):
        assert body_key(graph, ()) == ""
    ops = [_with_another_row(op) if op.name == "sin" else op for op in graph.ops]
    assert body_key(Function("f", Region(graph.params, ops, ()), graph.attrs), ()) == ""


def _with_another_row(op):
    return Op(replace(op.row, doc="of somebody else"), op.operands, {}, [op.result.type])


def test_lines_that_the_key_does_not_know_are_not_kept(body, place):
    graph = parse_function(TEXT)
    keep_body(KEY, graph, body._replace(failures={1: Failure("no", Location("other.py", 7))}))
    assert load(KEY) is None
    keep_body(KEY, graph, body)
    assert body_of(load(KEY)) == body
    ((_, _, _, about),) = entries()
    origin = surroundings.origin()
    assert about == {"kind": "function", "name": "f", "at": "<text>:3", "origin": origin}


def test_a_road_takes_what_an_earlier_one_kept(place):
    first, second = Road(parse_function(TEXT)), Road(parse_function(TEXT))
    made, found = first.executable, second.executable
    assert "kernels" in first.__dict__ and "kernels" not in second.__dict__
    assert found.body == made.body
    x, y = np.linspace(-3, 3, 40, dtype=np.float32), np.ones((40, 99), np.float32)
    for one, other in zip(made([x, y, np.array(True)]), found([x, y, np.array(True)]), strict=True):
        np.testing.assert_array_equal(one, other)
    assert second.text("llvm") == first.text("llvm")


def test_the_text_of_code_is_the_same_whoever_asks():
    assert Road(parse_function(TEXT)).text("asm") == Road(parse_function(TEXT)).text("asm")


def test_an_edit_of_any_source_is_another_origin(tmp_path):
    def origin():
        return sources(str(tmp_path), 1 << 62)

    for room in ("ir/expand", "runtime"):
        (tmp_path / room).mkdir(parents=True)
    source = tmp_path / "ir" / "expand" / "exponential.py"
    source.write_text("x = 1\n")
    keys = [origin()]
    os.utime(source, ns=(1, 1))
    keys.append(origin())
    changed = source.stat().st_ctime_ns
    while source.stat().st_ctime_ns == changed:  # a system's clock for files may go in steps
        source.write_text("x = 2\n")
        os.utime(source, ns=(1, 1))
    keys.append(origin())
    (tmp_path / "ir" / "other.py").write_text("")
    keys.append(origin())
    (tmp_path / "config.py").write_text("")
    keys.append(origin())
    assert all(keys) and len(set(keys)) == 5 and origin() == keys[-1]


def test_sources_that_are_not_those_of_the_process_stand_for_nothing(tmp_path):
    assert sources(str(tmp_path), 1 << 62) == ""
    source = tmp_path / "config.py"
    source.write_text("x = 1\n")
    changed = source.stat().st_ctime_ns
    (tmp_path / ".#config.py").symlink_to("an editor's lock")
    assert sources(str(tmp_path), changed)
    assert sources(str(tmp_path), changed - 1) == ""


def test_nothing_is_kept_once_sources_were_changed(place, monkeypatch):
    surroundings._is_current.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(surroundings, "own_sources", lambda: "")
        keep(KEY, b"code", "function", "f")
        assert load(KEY) is None
    surroundings._is_current.cache_clear()
    keep(KEY, b"code", "function", "f")
    assert load(KEY) == b"code"


def test_settings_that_may_change_code_are_part_of_the_origin(monkeypatch):
    def origin(**chosen):
        with monkeypatch.context() as patch:
            patch.setattr(surroundings, "settings", replace(surroundings.settings, **chosen))
            patch.setattr(surroundings, "known_sources", lambda: "sources")
            return surroundings.origin.__wrapped__()

    assert origin() == origin(debug=True) == origin(cache_dir="elsewhere")
    assert origin() != origin(verify=True)


SURROUNDINGS = {"jitflow.config", "locale", "os", "pathlib", "platform", "random", "socket"}
WATCHED = "jitflow/passes/manager.py"  # code that it watches, or makes in part, is not kept


@pytest.mark.parametrize("room", ["ir", "passes", "codegen"])
def test_what_makes_code_asks_nothing_that_the_key_does_not_know(room):
    root = Path(jitflow.__file__).parents[1]
    files = list((root / "jitflow" / room).rglob("*.py"))
    assert len(files) > 5
    for file in files:
        nodes = list(ast.walk(ast.parse(file.read_text())))
        names = {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
        names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        assert not names & SURROUNDINGS or file == root / WATCHED, file
