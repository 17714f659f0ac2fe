"""What a caller, a script or a window can react to.

Every message says what was expected, what came and what to do, in one line.
``path`` names the offending entry of a run file (``energy.n_bins``), so that a
form can mark its field.
"""


class ZevatronError(Exception):
    """Anything the user can put right.

    Parameters
    ----------
    message : str
        One line: what was expected, what came, what to do.
    path : str, optional
        Dotted name of the configuration entry at fault, put before the message.
    """

    def __init__(self, message, path=None):
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path


def one_line(error):
    """Return what an error says without line feeds; its kind if it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__


class ConfigError(ZevatronError):
    """A run file or a setting is not valid."""


class InputError(ZevatronError):
    """A file or an array given by the user cannot be used."""


class DamagedFileError(InputError):
    """A file is truncated, altered or not of the expected kind."""


class UnknownNameError(ZevatronError):
    """A source, model, network or statistic that nobody knows.

    Parameters
    ----------
    kind : str
        What was looked for, for example ``"Galactic field"``.
    name : str
        What came.
    known : iterable of str
        What would have worked.
    """

    def __init__(self, kind, name, known, path=None):
        super().__init__(f"unknown {kind} {name!r}; known: {', '.join(known)}", path)


class NoEventsError(ZevatronError):
    """The scenario sends no nucleus into the energy range, so there is nothing to detect."""


class CancelledError(ZevatronError):
    """The user asked to stop; not a fault."""

    def __init__(self, message="cancelled"):
        super().__init__(message)


class TrainingError(ZevatronError):
    """The training process failed or its folder cannot be continued."""
