"""Entries on disk: whole or not there, whatever happens to the file, the folder or the process."""

import os
import signal
import time
import warnings

import pytest

from jitflow.runtime.cache import CacheWarning, folder, key_of, listing, load, store, why_off
from jitflow.runtime.cache.listing import entries
from jitflow.runtime.cache.store import save
from tests.support.kept_code import kept_in

KEY = key_of("a function")
ABOUT = {"kind": "function", "name": "f", "at": "f.py:1"}
CONTENT = bytes(range(256)) * 2


@pytest.fixture
def place(tmp_path):
    with kept_in(tmp_path):
        assert folder() == str(tmp_path / "code")
        yield tmp_path / "code"


def path_of(place, key=KEY):
    return place / (key + store.SUFFIX)


def test_what_was_saved_comes_back(place):
    assert load(KEY) is None
    save(KEY, CONTENT, ABOUT)
    assert load(KEY) == CONTENT
    assert [path.name for path in place.iterdir()] == [KEY + store.SUFFIX]
    ((path, size, _, about),) = entries()
    assert (path, size, about) == (str(path_of(place)), path_of(place).stat().st_size, ABOUT)
    save(KEY, b"", {})
    assert load(KEY) == b""


def test_keys_tell_parts_apart():
    parts = [("a", "bc"), ("ab", "c"), ("abc",), ("a", "bc", ""), ("a\0bc",), ("2 bc", "a")]
    assert len({key_of(*each) for each in parts}) == len(parts)


@pytest.mark.filterwarnings("ignore::jitflow.runtime.cache.CacheWarning")
def test_a_flipped_bit_anywhere_is_noticed_and_the_file_goes(place):
    save(KEY, CONTENT, ABOUT)
    whole = path_of(place).read_bytes()
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << (at % 8)
        path_of(place).write_bytes(damaged)
        assert load(KEY) is None
        assert not path_of(place).exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.filterwarnings("ignore::jitflow.runtime.cache.CacheWarning")
def test_a_pipe_in_place_of_an_entry_is_not_waited_for(place):
    os.mkfifo(path_of(place))
    assert load(KEY) is None
    path_of(place).symlink_to("/dev/zero")
    assert load(KEY) is None
    save(KEY, CONTENT, ABOUT)
    assert load(KEY) == CONTENT


@pytest.mark.filterwarnings("ignore::jitflow.runtime.cache.CacheWarning")
def test_a_file_that_is_cut_or_too_long_is_no_file(place):
    save(KEY, CONTENT, ABOUT)
    whole = path_of(place).read_bytes()
    for text in [whole[:length] for length in range(len(whole))] + [whole + b"\0", b"\0" * 9999]:
        path_of(place).write_bytes(text)
        assert load(KEY) is None


def test_an_entry_under_the_name_of_another_is_not_taken(place):
    save(KEY, CONTENT, ABOUT)
    other = key_of("another function")
    path_of(place).rename(path_of(place, other))
    with pytest.warns(CacheWarning, match="was damaged, and is removed"):
        assert load(other) is None


def test_one_warning_a_process(place):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            path_of(place).write_bytes(b"?")
            assert load(KEY) is None
    assert len(caught) == 1


def test_where_warnings_are_errors_damage_stops_nobody(place):
    path_of(place).write_bytes(b"?")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load(KEY) is None


def test_a_full_disk_leaves_nothing_behind(place, monkeypatch):
    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", fail)
    save(KEY, CONTENT, ABOUT)
    assert list(place.iterdir()) == []


def test_a_file_that_may_not_grow_so_long(place):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        save(KEY, bytes(5000), ABOUT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(place.iterdir()) == []


def test_an_entry_that_cannot_be_written(place):
    path_of(place).mkdir()
    save(KEY, CONTENT, ABOUT)
    assert load(KEY) is None
    assert [path.name for path in place.iterdir()] == [KEY + store.SUFFIX]


def test_an_interrupt_while_writing_leaves_nothing_behind(place, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(KEY, CONTENT, ABOUT)
    assert list(place.iterdir()) == []


def test_off():
    for chosen in ("off", "/proc/jitflow"):
        with kept_in(chosen), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            save(KEY, CONTENT, ABOUT)
            assert load(KEY) is None and folder() == "" and chosen in why_off()
            assert list(entries()) == []
            assert [w.category for w in caught] == [CacheWarning] * (chosen != "off")


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with kept_in(tmp_path / "file"), pytest.warns(CacheWarning, match="code is not kept on disk"):
        save(KEY, CONTENT, ABOUT)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders have no owners here")
def test_a_folder_that_others_may_write_is_not_used(tmp_path, monkeypatch):
    (tmp_path / "code").mkdir()
    (tmp_path / "code").chmod(0o770)
    with kept_in(tmp_path), pytest.warns(CacheWarning, match="others may write there"):
        assert folder() == ""
    (tmp_path / "code").chmod(0o700)
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    with kept_in(tmp_path):
        assert bool(folder()) == (tmp_path.stat().st_uid == 0)


def test_the_users_own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    with kept_in(""):
        assert folder() == str(tmp_path / "jitflow" / "code")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    with kept_in(""):
        assert folder() == str(tmp_path / ".cache" / "jitflow" / "code")


def test_what_was_used_longest_ago_goes_first(place):
    keys = [key_of(str(k)) for k in range(8)]
    for age, key in enumerate(keys):
        save(key, bytes(1000), {})
        os.utime(path_of(place, key), (0, time.time() - 7200 * (8 - age)))
    assert load(keys[0]) is not None  # which makes it young
    listing.trim(str(place), 6000)
    assert [load(key) is not None for key in keys] == [True, *[False] * 4, True, True, True]


def test_saving_trims_now_and_then(tmp_path):
    with kept_in(tmp_path, cache_bytes=20_000):
        for k in range(1000):
            save(key_of(str(k)), bytes(1000), {})
        sizes = sum(entry.size for entry in entries())
    assert sizes < 20_000 + 1100 * 6 * store.TRIMMED_AT


def test_unfinished_files_of_dead_processes_go_and_those_of_others_stay(place):
    save(KEY, CONTENT, ABOUT)
    old, new, other = place / f"1{store.UNFINISHED}", place / f"2{store.UNFINISHED}", place / "x"
    for path in (old, new, other):
        path.write_text("")
    os.utime(old, (0, 0))
    os.utime(other, (0, 0))
    listing.trim(str(place), 10**9)
    assert sorted(place.iterdir()) == sorted([path_of(place), new, other])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_many_processes_at_once(place):
    children = [_child(_save_and_load) for _ in range(32)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 32
    assert {os.path.basename(e.path) for e in entries() if e.about == ABOUT} == {
        key_of(str(k)) + store.SUFFIX for k in range(8)
    }
    assert len(list(place.iterdir())) == 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_killed_writer_leaves_whole_entries_only(place):
    for delay in (0.001, 0.004, 0.01, 0.02):
        child = _child(_save_for_ever)
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert all(e.about == ABOUT for e in entries() if e.path.endswith(store.SUFFIX))


def _child(work):
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:  # noqa: BLE001 (a forked test must not go on as a test)
        os._exit(1)
    os._exit(0)


def _save_and_load():
    for k in range(16):
        key, content = key_of(str(k % 8)), str(k % 8).encode() * 5000
        save(key, content, ABOUT)
        assert load(key) == content


def _save_for_ever():
    while True:
        save(KEY, os.urandom(1000) * 1000, ABOUT)
