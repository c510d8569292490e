"""`jitflow cache`: its table and JSON, whole and damaged entries, and a cache that is off."""

import json

import pytest

from jitflow.cli.main import main
from jitflow.runtime.cache import key_of
from jitflow.runtime.cache.store import UNFINISHED, save
from jitflow.runtime.surroundings import keep
from tests.support.kept_code import kept_in


@pytest.fixture
def place(tmp_path):
    with kept_in(tmp_path):
        keep(key_of("f"), b"code", "function", "f", "/home/me/model.py:3")
        save(key_of("g"), b"code" * 1024, {"kind": "function", "name": "g", "origin": "another"})
        yield tmp_path / "code"


def damage(place):
    path = next(place.iterdir())
    path.write_bytes(path.read_bytes()[:-1])
    return path


def test_a_table_of_what_is_there(place, capsys):
    assert main(["cache", "ls"]) == 0
    title, *rows, last = capsys.readouterr().out.splitlines()
    assert title.split()[:2] == ["kind", "function"]
    cells = sorted(row.split() for row in rows)
    assert [cells[0][1], cells[0][2], cells[0][-1]] == ["f", "model.py:3", "usable"]
    assert [cells[1][1], cells[1][-1]] == ["g", "other"]
    assert last == f"2 entries, 4 KiB in {place}"


def test_entries_for_programs(place, capsys):
    damage(place)
    (place / f"x{UNFINISHED}").write_text("")
    assert main(["cache", "ls", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["folder"] == str(place)
    assert found["bytes"] == sum(entry["bytes"] for entry in found["entries"])
    states = sorted(entry["state"] for entry in found["entries"])
    assert len(states) == 3 and states[0] == "damaged" and states[1:] in (
        ["other", "unfinished"], ["unfinished", "usable"]
    )  # fmt: skip


def test_verify_removes_what_is_damaged(place, capsys):
    assert main(["cache", "verify"]) == 0
    assert capsys.readouterr().out.startswith("2 entries, 4 KiB are whole in")
    path = damage(place)
    assert main(["cache", "verify", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"whole": 1, "damaged": [str(path)]}
    assert not path.exists()
    assert main(["cache", "verify"]) == 0


def test_clear_removes_all_of_ours(place, capsys):
    (place / "notes").write_text("")
    assert main(["cache", "clear", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["removed"] == 2
    assert [path.name for path in place.iterdir()] == ["notes"]
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out.startswith("removed 0 entries, 0 KiB from")


def test_where_nothing_is_kept(capsys):
    with kept_in("off"):
        assert main(["cache", "ls"]) == 0
        shown = "0 entries, 0 KiB in no folder: JITFLOW_CACHE_DIR is off\n"
        assert capsys.readouterr().out == shown
        assert main(["cache", "clear"]) == main(["cache", "verify"]) == 0


def test_an_action_is_wanted(capsys):
    assert main(["cache"]) == 2
    assert "ACTION" in capsys.readouterr().err
