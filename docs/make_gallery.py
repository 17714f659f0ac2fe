"""Make the pictures of the window in `docs/gallery/` from a real run, dark and light.

    make gallery

A second process makes some of them at scale 2. Settings and run folders are temporary; spectra and lenses come from the usual cache. With a
training of the quick preset this takes some minutes.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import main  # noqa: E402, F401  makes the checkout the package `zevatron`

FOLDER = ROOT / "docs" / "gallery"
SCALE = os.environ.get("QT_SCALE_FACTOR", "1")
LOOK = 150  # ms between two looks at what the window is doing
SETTLE = 6  # looks after a step, so that pictures have faded in
COLOURS = 256  # of a picture: a third of the size, and nobody sees it


def save(window, name):
    """Save the whole window under a name that says theme and scale."""
    from PIL import Image

    from zevatron.gui.style import theme

    path = FOLDER / f"{name}-{theme.current().name}{'' if SCALE == '1' else f'@{SCALE}x'}.png"
    window.grab().save(str(path))
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def both(window, name):
    """Take a picture in the dark and one in the light theme; conditions as of :func:`scenes`."""
    from zevatron.gui.style import theme

    for colours in ("light", "dark"):
        theme.set_theme(colours)
        yield None
        save(window, name)


def first_minute(window):
    """The sheet of the first start, and the sky with a clicked pixel."""
    controller, sky = window.controller, window.sky
    yield lambda: controller.density is not None and controller.sky_test is not None and not controller.missing_limits()
    window.welcome.open()
    yield from both(window, "welcome")
    window.welcome.hide()
    expected = controller.density.source.sum(axis=1)
    expected[controller.sky.events.ipix[0]] = 0.0  # a pixel without events shows the expected spectrum best
    brightest = int(expected.argmax())
    sky.select_pixel(brightest)
    window.inspector.show_pixel(brightest)
    yield from both(window, "sky")
    sky.select_pixel(None)
    window.inspector.show_pixel(None)


def views_of_the_sky(window):
    """Mock sky, significance, globe, and the find dialog."""
    from zevatron.gui.plots.look import SkyLook

    controller, sky = window.controller, window.sky
    window.view.set("eta", 0.08)
    yield lambda: controller.sky.eta == 0.08 and controller.sky_test is not None
    for name, look in (
        ("mock-sky", SkyLook(mode="events")),
        ("significance", SkyLook(mode="significance", frame="equatorial")),
        ("globe", SkyLook(projection="globe", centre=(310.0, 20.0), frame="supergalactic")),
    ):
        sky.set_look(look)
        yield from both(window, name)
    sky.set_look(SkyLook())


def field_tab(window):
    """Planes, rays and images of the Galactic field."""
    from zevatron.gui.main_window import FIELD, SKY

    window.tabs.setCurrentIndex(FIELD)
    yield lambda: window.field.sky is not None and window.field.images is not None
    for direction in ((310.0, 20.0), (60.0, -45.0), (200.0, 50.0)):
        window.field_view.sky_clicked.emit(*direction)
    yield lambda: len(window.field.rays) == 3
    yield from both(window, "field")
    window.tabs.setCurrentIndex(SKY)


def training_and_results(window):
    """A training of the quick preset while it runs, and what it found."""
    from zevatron.core.config import with_values
    from zevatron.gui.main_window import RESULTS, SKY, TRAINING
    from zevatron.gui.panels.method import preset_values

    controller = window.controller
    window.draft.load(with_values(window.draft.config, preset_values("quick")))
    yield lambda: controller.is_current and not controller.missing_limits()
    window.train()
    yield lambda: window.training.history is not None and len(window.training.history["epoch"]) >= 5
    window.tabs.setCurrentIndex(TRAINING)
    yield from both(window, "training")
    yield lambda: window.tabs.currentIndex() == RESULTS or (not window.training.is_active and any(
        verdict.statistic == "bcnn" for verdict in window.verdicts()
    ))
    window.tabs.setCurrentIndex(RESULTS)
    yield from both(window, "results")
    window.tabs.setCurrentIndex(SKY)


def measured_events(window):
    """A list with a tenth of its events from the source, as an observatory would publish it, and its test."""
    from zevatron.core.sky import galactic_to_equatorial, lonlat
    from zevatron.core.storage.tables import write_table
    from zevatron.gui.files.settings import runs_folder
    from zevatron.gui.main_window import EVENTS, SKY

    controller = window.controller
    window.view.set("eta", 0.1)
    yield lambda: controller.sky.eta == 0.1
    ra, dec = galactic_to_equatorial(*lonlat(controller.sky.directions))
    path = runs_folder() / "mock-observatory.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, {"ra_deg": ra, "dec_deg": dec, "energy_EeV": controller.sky.energy})
    window.events.open_paths([path])
    yield lambda: window.events._dialog is not None
    window.events._dialog.open_button.click()
    yield lambda: window.events.selection is not None and controller.is_current
    window.tabs.setCurrentIndex(EVENTS)
    window.events.act()
    yield lambda: window.events.observation is not None
    yield from both(window, "events")
    window.tabs.setCurrentIndex(SKY)


def studies(window):
    """A study of sources, N and energy resolution while it runs."""
    from zevatron.core.config import with_values
    from zevatron.core.study import make_study
    from zevatron.gui.files.settings import runs_folder
    from zevatron.gui.main_window import SKY, STUDIES

    base = with_values(window.draft.config, {"field.model": "jf12_regular", "test.maps": 10_000, "test.check_maps": 0, "sources.names": ("Cen A",)})
    axes = {
        "sources.names": ["Cen A", "M82", "NGC 253", "M87"], "events.n_events": [100, 300], "energy.resolution": [0.0, 0.2],
        "observatory.exposure": ["uniform", "telescope_array"],
    }
    work = window.study
    window.tabs.setCurrentIndex(STUDIES)
    work.show_study(make_study(base, axes, ["likelihood_ratio"]), runs_folder() / "resolution-and-exposure")
    yield lambda: work.cost is not None
    work.start()
    yield lambda: work.overview.count("done") >= 10 and work.overview.count("running") > 0
    yield from both(window, "studies")
    work.stop()
    yield lambda: not work.is_active
    window.messages.hide()
    window.tabs.setCurrentIndex(SKY)


def small(window):
    """The smallest window anyone has on a laptop."""
    window.resize(1280, 800)
    yield from both(window, "small")


def scenes(window):
    """Yield conditions to wait for; between them pictures are taken."""
    yield from first_minute(window)
    if SCALE == "1":
        yield from views_of_the_sky(window)
    yield from field_tab(window)
    if SCALE == "1":
        yield from training_and_results(window)
        yield from measured_events(window)
        yield from studies(window)
    yield from small(window)


def main_():
    """Open the window, go through the scenes, close it; then all again at scale 2."""
    from PySide6.QtCore import QSettings, QTimer
    from PySide6.QtWidgets import QApplication

    from zevatron.gui.background.faults import Faults
    from zevatron.gui.background.log import WindowHandler
    from zevatron.gui.files import settings
    from zevatron.gui.style import theme

    FOLDER.mkdir(exist_ok=True)
    application = QApplication([])
    with tempfile.TemporaryDirectory() as temporary:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, temporary)
        settings.set_runs_folder(Path(temporary) / "runs")
        theme.set_theme("dark")

        from zevatron.gui.main_window import MainWindow

        faults = Faults()
        faults.caught.connect(lambda words, details: print(details, file=sys.stderr))
        window = MainWindow(faults, WindowHandler())
        window.welcome.hide()
        window.show()
        story = scenes(window)
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
            except Exception:
                application.exit(1)
                raise

        timer.timeout.connect(look)
        timer.start()
        code = application.exec()
    if SCALE == "1" and code == 0:
        code = subprocess.run([sys.executable, __file__], env={**os.environ, "QT_SCALE_FACTOR": "2"}).returncode
    return code


if __name__ == "__main__":
    sys.exit(main_())
