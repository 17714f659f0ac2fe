"""What another person needs to make a training again: settings, seed, digests, versions, device, and the command lines."""

import shlex
from dataclasses import asdict, dataclass, is_dataclass

from ..config import differing_settings, run_config, value_at
from ..errors import ZevatronError
from ..network.files import read_record
from ..progress import format_duration
from ..resources import PROGRAM
from ..storage.provenance import versions
from .run_folder import training_digest

BASE = "paper"


@dataclass(frozen=True)
class Card:
    """Reproducibility of one training.

    Attributes
    ----------
    entries : tuple of (str, str)
        Name and value of what describes it.
    commands : str
        Command lines that make it again, what they were run with in comments before them.
    """

    entries: tuple
    commands: str

    @property
    def text(self):
        """Both, to be read."""
        width = max(len(name) for name, _ in self.entries) + 2
        return "\n".join([*(f"{name:<{width}}{value}" for name, value in self.entries), "", self.commands])


def read_card(folder):
    """Make the card of a run folder; versions and density are those in its last network, else those that would train it now.

    Parameters
    ----------
    folder : RunFolder

    Returns
    -------
    Card

    Raises
    ------
    ZevatronError
        If its run or its state is damaged.
    """
    config, state = folder.config, folder.state
    record = _record(folder)
    run = record.get("run", {})
    used = run.get("versions") or versions()
    numbers = ", ".join(f"{package} {number}" for package, number in used.items())
    best = f"epoch {state.best_epoch} of {state.epoch}, validation accuracy {state.best_accuracy:.4f}" if state.best_epoch else "none yet"
    device = state.device or "not trained yet"
    entries = (
        ("folder", str(folder.path)),
        ("digest", config.digest),
        ("digest of the training", training_digest(config)),
        ("digest of the density", record.get("density") or "not computed yet"),
        ("seed", str(config.seed)),
        ("device", f"{device} on {state.host}" if state.host else device),
        ("time", format_duration(state.seconds)),
        ("best network", best),
        ("versions" if run else "versions here", numbers),
    )
    return Card(entries, command_lines(config, folder.path.name, used))


def _record(folder):
    try:
        return read_record(folder.last_path)
    except ZevatronError:  # no epoch has ended yet, or it is being written
        return {}


def command_lines(config, name, used=None):
    """Return the lines of a shell that make a training again, and judge it.

    Parameters
    ----------
    config : RunConfig
        With one source (or a mixture) and one number of events.
    name : str
        Of the run folder.
    used : dict, optional
        Versions to name, by package; by default those installed.
    """
    run, out = shlex.quote(f"{name}.toml"), shlex.quote(name)
    new = [f"{PROGRAM} new --preset {BASE} --seed {config.seed} --out {run}"]
    new += [f"--set {shlex.quote(f'{path}={value}')}" for path, value in changes(config)]
    return "\n".join([
        f"# digest {config.digest}, seed {config.seed}; " + ", ".join(f"{package} {number}" for package, number in (used or versions()).items()),
        " \\\n    ".join(new),
        f"{PROGRAM} train {run} --out {out}",
        f"{PROGRAM} evaluate {run} --model {out}/best.keras --out {out}/result.json",
    ])


def changes(config):
    """Yield ``(path, TOML text)`` of every setting but the seed in which a run differs from the published one."""
    for path in differing_settings([config, run_config(BASE)], but=("seed",)):
        yield path, toml_text(value_at(config, path))


def toml_text(value):
    """Return a value of a setting as TOML in one line, as ``--set`` takes it."""
    import tomlkit

    if is_dataclass(value):
        value = asdict(value)
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update({key: list(entry) if isinstance(entry, tuple) else entry for key, entry in value.items()})
        return table.as_string()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_text(entry) for entry in value) + "]"
    return tomlkit.item(value).as_string()
