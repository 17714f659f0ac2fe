"""Where the files that come with Zevatron lie, and how it is started, in a checkout and in an installed wheel alike."""

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
RESOURCES = PACKAGE / "resources"
#: What a person types before a command.
PROGRAM = "python main.py" if (PACKAGE / "pyproject.toml").exists() else "zevatron"


def resource_path(*parts):
    """Return the path of a shipped file, for example ``resource_path("sources.toml")``."""
    return RESOURCES.joinpath(*parts)


def own_command(*arguments):
    """Return the command line of Zevatron in a process of its own, by this Python and from this package.

    By path, since a checkout is no importable package; a start of this kind shares no memory and no handles, so it
    is the same on every system.

    Parameters
    ----------
    *arguments : str or path-like
        The command and its arguments, for example ``"worker", folder``.
    """
    return [sys.executable, str(PACKAGE / "main.py"), *map(str, arguments)]
