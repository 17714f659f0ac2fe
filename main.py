"""Zevatron: without arguments the window, with a command the same work without one."""

import sys
import types
from pathlib import Path

if not __package__:  # started from a checkout or by path: the folder of this file is the package
    _package = types.ModuleType("zevatron")
    _package.__path__ = [str(Path(__file__).resolve().parent)]
    sys.modules.setdefault("zevatron", _package)


def main(arguments=None):
    """Run one command, or open the window; return the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments:
        from zevatron.core.cli import main as run_command

        return run_command(arguments)
    from zevatron.gui.app import main as open_window

    return open_window()


if __name__ == "__main__":
    sys.exit(main())
