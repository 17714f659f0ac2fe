"""Settings are read as text: a file that would make Qt call Python's pickle is put aside."""

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from zevatron.gui.files import settings as store_of

TEXTS = {"theme": "light", "session/run": 'name = "x, @Variants \\\\x40Var\\"\n', "recent_files": ["/a@b", "/c"], "n": "3", "path": "@Va"}


class Harmful:
    """Leaves a trace when it is read."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def file(own_settings):
    """The file of settings, with one harmless value."""
    own_settings.setValue("theme", "dark")
    own_settings.sync()
    return Path(own_settings.fileName())


def harmful_line(tmp_path, trace):
    """Return what Qt writes for an object of Python."""
    store = QSettings(str(tmp_path / "other.ini"), QSettings.Format.IniFormat)
    store.setValue("theme", Harmful(trace))
    store.sync()
    return next(line for line in (tmp_path / "other.ini").read_bytes().splitlines() if line.startswith(b"theme="))


@pytest.mark.parametrize("written", [
    b"@Variant(", rb"\x40Variant(", rb"\x30040Variant(", rb"\100Variant(", b'"@Va"ri"ant(', rb"@V\x61ri" + b"\\\nant(", rb"@V\zariant(",
])
def test_a_pickle_in_the_settings_is_not_read(file, tmp_path, written):
    trace = tmp_path / "trace"
    file.write_bytes(file.read_bytes() + harmful_line(tmp_path, trace).replace(b"@Variant(", written) + b"\n")
    found = store_of.settings()
    assert found.value("theme") is None and found.allKeys() == [] and not trace.exists()
    assert not file.exists() and file.with_suffix(".refused").exists()
    found.setValue("theme", "light")
    found.sync()
    assert store_of.settings().value("theme") == "light"


def test_qt_itself_would_run_it(tmp_path):
    """Why this is needed; when this fails, it may no longer be."""
    trace = tmp_path / "trace"
    (tmp_path / "third.ini").write_bytes(b"[General]\n" + harmful_line(tmp_path, trace) + b"\n")
    QSettings(str(tmp_path / "third.ini"), QSettings.Format.IniFormat).value("theme")
    assert trace.exists()


def test_what_is_written_is_read_again(own_settings):
    for key, value in TEXTS.items():
        own_settings.setValue(key, value)
    own_settings.sync()
    assert {key: store_of.settings().value(key) for key in TEXTS} == TEXTS


def test_a_window_keeps_only_what_is_read_again(new_window, own_settings):
    new_window._save_layout()
    new_window.session.end()
    store_of.add_recent_file(__file__)
    own_settings.sync()
    assert not store_of.STREAMED.search(Path(own_settings.fileName()).read_bytes())
    assert store_of.settings().value("panels") == new_window.workspace.save()
