"""File → Report… writes what is on screen, in a process of its own."""

import json

import pytest
from PySide6.QtWidgets import QFileDialog


@pytest.mark.timeout(400)
def test_report_of_what_is_on_screen(new_window, qtbot, tmp_path, monkeypatch):
    window = new_window
    qtbot.waitUntil(lambda: not window.controller.missing_limits(), timeout=120_000)
    shown = [verdict.eta_min for verdict in window.verdicts()]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a: str(tmp_path))
    window.menus.actions_by_text["Report…"].trigger()
    target = tmp_path / f"report-{window.controller.config.digest}"
    qtbot.waitUntil(lambda: "The report is in" in window.messages.text.text(), timeout=120_000)
    assert (target / "report.pdf").read_bytes().startswith(b"%PDF")
    written = json.loads((target / "results.json").read_text())
    assert [row["eta_min"] for row in written["results"]] == shown and len(shown) > 0


def test_nothing_to_report_is_said(new_window, tmp_path, monkeypatch):
    window = new_window
    monkeypatch.setattr(type(window), "verdicts", lambda self: [])
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a: str(tmp_path))
    window.menus.actions_by_text["Report…"].trigger()
    assert "nothing to report yet" in window.messages.text.text()
    assert not list(tmp_path.glob("report-*"))
