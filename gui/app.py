"""Starts the window."""

import logging
import os
import signal
import sys
import traceback

from ..core.resources import PROGRAM, resource_path

NO_DISPLAY = (
    f"zevatron: no display found; work without a window with `{PROGRAM} --help`, or start one under Xvfb: `xvfb-run -a {PROGRAM}`"
)
SIGNAL_INTERVAL = 200  # ms: Python sees Ctrl-C only between two of its instructions


def has_display():
    """Whether Qt has a screen to draw on."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def remembered_theme(store):
    """Return the name of the theme used last, dark at first."""
    from .style.theme import THEMES

    name = store.value("theme", "dark")
    return name if name in THEMES else "dark"


def say_that_nothing_opened(error):
    """Tell a person why there is no window, and the terminal all of it; returns the exit code."""
    from PySide6.QtWidgets import QMessageBox

    trace = "".join(traceback.format_exception(error))
    print(trace, file=sys.stderr, end="")
    box = QMessageBox(QMessageBox.Icon.Critical, "Zevatron", f"The window could not be opened: {error}")
    box.setInformativeText("Please report this with the details.")
    box.setDetailedText(trace)
    box.exec()
    return 1


def main(arguments=None):
    """Open the window and return the exit code when it is closed."""
    if not has_display():
        print(NO_DISPLAY, file=sys.stderr)
        return 2
    from PySide6.QtCore import QTimer
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QApplication

    from .background.faults import Faults
    from .background.garbage import GarbageCollector
    from .background.log import WindowHandler
    from .files.settings import APPLICATION, ORGANISATION, settings
    from .frame.splash import Splash
    from .style import theme

    application = QApplication(arguments or sys.argv[:1])
    application.setOrganizationName(ORGANISATION)
    application.setApplicationName(APPLICATION)
    application.setDesktopFileName("zevatron")  # how a Wayland desktop finds the icon
    application.setWindowIcon(QIcon(str(resource_path("desktop", "zevatron.svg"))))
    theme.set_theme(remembered_theme(settings()))
    faults, log = Faults(), WindowHandler()
    faults.install()
    root = logging.getLogger()
    root.addHandler(log)
    root.setLevel(logging.INFO)

    splash = Splash()
    splash.show()
    application.processEvents()  # nothing else runs yet: only the splash is painted

    application.setStyleSheet("")  # the window brings it when it is put together
    try:
        from .main_window import MainWindow  # slow: the plots come with it

        window = MainWindow(faults, log, show_early=True)
    except Exception as error:
        faults.uninstall()
        splash.close()
        return say_that_nothing_opened(error)
    garbage = GarbageCollector(application)
    garbage.start()
    application.aboutToQuit.connect(window.shut_down)
    signal.signal(signal.SIGINT, lambda *_: window.close())
    timer = QTimer()
    timer.timeout.connect(lambda: None)
    timer.start(SIGNAL_INTERVAL)
    splash.finish(window)
    code = application.exec()
    garbage.stop()
    faults.uninstall()
    root.removeHandler(log)
    return code
