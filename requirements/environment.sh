#!/bin/sh
# Makes the virtual environment with the pinned versions: environment.sh PYTHON VENV
set -eu
python=$1 venv=$2

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Zevatron needs Python 3.11 or newer; found $("$python" --version). Try: make PYTHON=python3.12 ..." >&2
    exit 1
}
if [ ! -x "$venv/bin/python" ]; then
    "$python" -m venv "$venv" || {
        rm -rf "$venv"
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
            "$python" -m venv "$venv"
        else
            echo "Python's venv module is missing. Install it with: sudo apt-get install python3-venv" >&2
            exit 1
        fi
    }
fi
echo "Installing the packages of Zevatron into $venv (a few minutes the first time)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint requirements/constraints.txt \
    --requirement requirements/development.txt
touch "$venv/.ready"
