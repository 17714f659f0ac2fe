"""The window and the command line give the same numbers to the last digit."""

import json

from zevatron.core.cli import main
from zevatron.core.config import run_toml


def test_limit_of_the_window_is_that_of_the_command_line(open_window, small_run, tmp_path, monkeypatch, qtbot, capsys):
    monkeypatch.setenv("ZEVATRON_CACHE", str(tmp_path / "cache"))
    window = open_window(small_run, n_events=100)
    controller = window.controller
    qtbot.waitUntil(lambda: controller.answers.limit(controller.config, "Cen A", 100) is not None, timeout=120_000)
    run = tmp_path / "run.toml"
    run.write_text(run_toml(controller.config))
    assert main(["likelihood", str(run), "--out", str(tmp_path / "limits.json")]) == 0
    rows = {row["n_events"]: row for row in json.loads((tmp_path / "limits.json").read_text())["results"]}
    mine = controller.answers.limit(controller.config, "Cen A", 100)
    assert (mine.eta_min, mine.eta_low, mine.eta_high) == tuple(rows[100][key] for key in ("eta_min", "eta_low", "eta_high"))
