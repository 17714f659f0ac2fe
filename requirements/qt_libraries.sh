#!/bin/sh
# Checks the shared libraries that Qt loads; installs Debian's packages when root, else says what to install.
set -eu
packages="libglib2.0-0 libgl1 libegl1 libxkbcommon0 libfontconfig1 libdbus-1-3 fonts-dejavu-core
libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxkbcommon-x11-0 libxcb-shape0"
if [ "${1:-}" = --xvfb ]; then
    packages="$packages xvfb xauth"
fi
command -v dpkg-query >/dev/null || exit 0 # not a Debian: Qt itself says what it misses

missing=""
for package in $packages; do
    case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || dpkg-query -W -f '${Status}' "${package}t64" 2>/dev/null || true) in
        *"install ok installed"*) ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
    echo "Installing the libraries that Qt needs:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Qt needs libraries that are missing here. Install them with: sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
