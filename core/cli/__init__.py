"""The command line: the whole of Zevatron without a window."""

import json
import logging
import os
import sys

from ..errors import CancelledError, ZevatronError
from .parser import build_parser


def main(arguments):
    """Run one command.

    Parameters
    ----------
    arguments : list of str
        Without the program's name.

    Returns
    -------
    int
        0 if all went well, 2 if the user can put something right (one line on standard error says what),
        130 if interrupted.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    options = build_parser().parse_args(arguments)
    try:
        summary = options.command(options)
    except CancelledError:
        return _complain("cancelled; finished parts are kept", 130)
    except KeyboardInterrupt:
        return _complain("interrupted; finished parts are kept", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ZevatronError as error:
        return _complain(str(error), 2)
    if isinstance(summary, int):
        return summary
    if getattr(options, "json", False):
        print(json.dumps(summary, indent=2))
    else:
        print(summary["text"])
    return 0


def _complain(message, code):
    print("zevatron:", " ".join(message.split()), file=sys.stderr)
    return code
