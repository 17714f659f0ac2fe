"""A user's own emission, read from a CSV file.

The file has a header line; lines that start with ``#`` are skipped. Column ``E_eV`` holds energies in eV, increasing.
Every other column is a nucleus, ``A1`` ... ``A56`` by mass number or ``H``, ``He``, ``N``, ``Si``, ``Fe``, and holds
E^2 dN/dE in one arbitrary unit: what the command ``spectrum`` writes can be read again. Nuclei without a column are not
emitted, and nothing is emitted outside the energies of the file.
"""

import re

import numpy as np

from ..config import digest_of
from ..errors import InputError
from ..propagation.nuclei import ELEMENTS
from ..storage.tables import read_table
from ..units import EV_PER_EEV
from .injection import Injection
from .interpolation import TabulatedSpectrum


def injection_table(config):
    """Make the emission from the file that the configuration names.

    Raises
    ------
    InputError
        If the file cannot be read as described in this module.
    """
    table = read_table(config.file)
    energy = table.floats("E_eV") / EV_PER_EEV
    if len(energy) < 2 or energy[0] <= 0 or np.any(np.diff(energy) <= 0):
        raise InputError(f"{table.path}: expected two or more positive, increasing energies in column E_eV")
    flux = {}
    for name in table.others("E_eV"):
        mass_number = _mass_number(name, table.path)
        if mass_number in flux:
            raise InputError(f"{table.path}: expected one column for each nucleus, but {name} is A = {mass_number} again")
        flux[mass_number] = table.floats(name)
        if np.any(flux[mass_number] < 0):
            line = table.lines[np.argmax(flux[mass_number] < 0)]
            raise InputError(f"{table.path}, line {line}: expected E^2 dN/dE of at least 0 in column {name}")
    if not any(np.any(values > 0) for values in flux.values()):
        raise InputError(f"{table.path}: expected a column A1 ... A56 or {', '.join(ELEMENTS)} with a value above 0")
    content = digest_of(energy.tolist(), {str(a): values.tolist() for a, values in flux.items()})
    return Injection("table", {a: TabulatedSpectrum(energy, values) for a, values in flux.items()}, content)


def _mass_number(name, path):
    if name in ELEMENTS:
        return ELEMENTS[name]
    match = re.fullmatch(r"A(\d{1,2})", name)
    if match and 1 <= int(match[1]) <= 56:
        return int(match[1])
    raise InputError(f"{path}: expected columns E_eV, A1 ... A56 or {', '.join(ELEMENTS)}, received {name!r}")
