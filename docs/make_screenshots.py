"""Make the pictures of the window in `docs/screenshots/` from a real run: sky, field, mock sky, training, results.

    QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_screenshots.py

Settings and run folders are temporary; spectra and lenses come from the usual cache. With a training of the quick
preset this takes some minutes.
"""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import main  # noqa: E402, F401  makes the checkout the package `zevatron`

FOLDER = ROOT / "docs" / "screenshots"
LOOK = 150  # ms between two looks at what the window is doing
SETTLE = 6  # looks after a step, so that pictures have faded in


def scenes(window, theme, folder):
    """Yield conditions to wait for; between them pictures are taken."""
    from zevatron.core.config import with_values
    from zevatron.gui.main_window import FIELD, RESULTS, SKY, TRAINING
    from zevatron.gui.panels.method import preset_values

    def save(name):
        window.grab().save(str(folder / f"{name}.png"))

    controller, sky = window.controller, window.sky
    yield lambda: controller.density is not None and controller.sky_test is not None and not controller.missing_limits()
    expected = controller.density.source.sum(axis=1)
    expected[controller.sky.events.ipix[0]] = 0.0  # a pixel without events shows the expected spectrum best
    brightest = int(expected.argmax())
    sky.select_pixel(brightest)
    window.inspector.show_pixel(brightest)
    yield None
    save("sky-dark")
    theme.set_theme("light")
    yield None
    save("sky-light")
    theme.set_theme("dark")
    window.tabs.setCurrentIndex(FIELD)
    yield lambda: window.field.sky is not None and window.field.images is not None
    for direction in ((310.0, 20.0), (60.0, -45.0), (200.0, 50.0)):
        window.field_view.sky_clicked.emit(*direction)
    yield lambda: len(window.field.rays) == 3
    save("field-dark")
    theme.set_theme("light")
    window.field_view.kinds.button("magnification").click()
    yield lambda: window.field.sky is not None
    save("field-light")
    theme.set_theme("dark")
    window.tabs.setCurrentIndex(SKY)
    window.view.set("eta", 0.08)
    sky.set_mode("events")
    sky.select_pixel(None)
    window.inspector.show_pixel(None)
    yield lambda: controller.sky.eta == 0.08 and controller.sky_test is not None
    save("mock-sky")
    sky.set_mode("density")
    window.draft.load(with_values(window.draft.config, preset_values("quick")))
    yield lambda: controller.is_current and not controller.missing_limits()
    window.train()
    yield lambda: window.training.history is not None and len(window.training.history["epoch"]) >= 5
    window.tabs.setCurrentIndex(TRAINING)
    yield None
    save("training")
    yield lambda: window.tabs.currentIndex() == RESULTS
    yield None
    save("results-dark")
    theme.set_theme("light")
    yield None
    save("results-light")
    theme.set_theme("dark")
    window.tabs.setCurrentIndex(SKY)
    window.resize(1280, 800)
    yield None
    save("small")


def main_():
    """Open the window, go through the scenes, close it."""
    from PySide6.QtCore import QSettings, QTimer
    from PySide6.QtWidgets import QApplication

    from zevatron.gui import settings, theme
    from zevatron.gui.faults import Faults
    from zevatron.gui.log import WindowHandler

    FOLDER.mkdir(exist_ok=True)
    application = QApplication([])
    with tempfile.TemporaryDirectory() as temporary:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, temporary)
        settings.set_runs_folder(Path(temporary) / "runs")
        theme.set_theme("dark")

        from zevatron.gui.main_window import MainWindow

        window = MainWindow(Faults(), WindowHandler())
        window.welcome.hide()
        window.show()
        story = scenes(window, theme, FOLDER)
        waiting = [next(story), SETTLE]
        timer = QTimer(interval=LOOK)

        def look():
            condition, rest = waiting
            if condition is not None and not condition():
                return
            if rest:
                waiting[:] = None, rest - 1
                return
            try:
                waiting[:] = next(story), SETTLE
            except StopIteration:
                timer.stop()
                window.close()
                application.quit()

        timer.timeout.connect(look)
        timer.start()
        code = application.exec()
    return code


if __name__ == "__main__":
    sys.exit(main_())
