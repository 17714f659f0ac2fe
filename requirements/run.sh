#!/bin/sh
# Opens the window, or does the same main job without one where there is no display: run.sh PYTHON
set -eu
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$(uname)" = Darwin ]; then
    sh requirements/qt_libraries.sh
    exec "$1" main.py
fi
echo "No display: doing the main job on the built-in example without a window; results go to demo/"
exec "$1" main.py demo --out demo
