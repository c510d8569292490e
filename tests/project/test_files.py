"""Files are written whole or not at all."""

import os
import stat

import pytest

from jitflow import files
from jitflow.files import write_whole


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path):
    path = tmp_path / "f"
    write_whole(str(path), b"one", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    write_whole(str(path), b"two", flush=True)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["f"]


def test_nothing_is_left_of_what_failed(tmp_path, monkeypatch):
    path = tmp_path / "f"
    write_whole(str(path), b"one")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(str(path), b"two")
    assert os.listdir(tmp_path) == ["f"]
    assert path.read_bytes() == b"one"
    with pytest.raises(OSError, match="No such file"):
        write_whole(str(tmp_path / "none" / "f"), b"x")
