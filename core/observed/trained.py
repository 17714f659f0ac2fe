"""Which network may judge a list of events: only one that was trained for its number, exposure and energies."""

from ..config import config_from_toml, settings_of, value_at
from ..errors import InputError, ZevatronError
from ..observatory import BOTH, MAP, OWN_SITE
from ..resources import PROGRAM

DECISIVE = ("observatory", "energy")
DECISIVE_SETTINGS = ("sky.nside",)
ONLY_FOR = {  # settings that matter for some values of another one
    "observatory.latitude": ("observatory.exposure", (OWN_SITE,)), "observatory.max_zenith": ("observatory.exposure", (OWN_SITE,)),
    "observatory.auger_exposure": ("observatory.exposure", (BOTH,)), "observatory.ta_exposure": ("observatory.exposure", (BOTH,)),
    "observatory.file": ("observatory.exposure", (MAP,)), "energy.n_sampled": ("energy.method", ("sampled",)),
}


def require_trained_for(record, path, config, n_events, run_path="RUN.toml"):
    """Raise :class:`InputError` unless a network was trained for this many events of this detector.

    Parameters
    ----------
    record : dict
        Of the network, as :func:`~..network.files.read_record` gives it.
    path : path-like
        Of the network, for the message.
    config : RunConfig
        Of the events.
    n_events : int
    run_path : path-like, optional
        For the command that the message proposes.
    """
    faults = mismatches(record, config, n_events)
    if faults:
        raise InputError(
            f"{path} was not trained for these events: {'; '.join(faults)}; train one with: {PROGRAM} train "
            f"{run_path} --events {n_events} --out FOLDER"
        )


def mismatches(record, config, n_events):
    """Return, one line each, in what a training differs from a list of events; empty if in nothing that matters.

    Parameters
    ----------
    record : dict
        Of the network.
    config : RunConfig
    n_events : int
    """
    if "run" not in record:
        return ("it does not say what it was trained for",)
    try:
        trained = config_from_toml(record["run"]["config"])
    except ZevatronError as error:
        return (f"its run was written by another version ({error})",)
    found = [] if record["n_events"] == n_events else [f"it was trained for {record['n_events']} events, the list has {n_events}"]
    paths = (path for path, _ in settings_of() if path.split(".")[0] in DECISIVE or path in DECISIVE_SETTINGS)
    values = ((path, _effective(trained, path), _effective(config, path)) for path in paths)
    found += [f"{path} was {then!r}, is {now!r}" for path, then, now in values if then != now]
    return tuple(found)


def _effective(config, path):
    """Return the value of a setting, or None where the others make it meaningless."""
    if path == "energy.n_bins":
        return config.energy.bin_count
    chooser, values = ONLY_FOR.get(path, (None, ()))
    return value_at(config, path) if chooser is None or value_at(config, chooser) in values else None
