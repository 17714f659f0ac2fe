"""Spectra that have travelled already, in the format of the published analysis (arXiv:2105.06414).

A folder with one file for each distance, named by it in Mpc and possibly compressed: ``0.5``, ``3.5.gz``, ``20.0.xz``.
Each line holds 57 numbers: energy in eV, then E^2 dN/dE for A = 1 ... 56, all files in the same unit.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..propagation.nuclei import MASS_NUMBERS
from ..storage.compressed import COMPRESSIONS, read_text
from ..units import EV_PER_EEV
from .interpolation import TabulatedSpectrum

N_COLUMNS = 1 + len(MASS_NUMBERS)
LARGEST_FILE = 16 * 2**20  # bytes after decompression; the published files have 0.1 MB
WIDEST_GAP = 1.0  # Mpc between two files that are interpolated,
WIDEST_RELATIVE_GAP = 0.2  # or this share of the distance
NEAR_ENOUGH = 0.02  # relative difference up to which a file stands for a distance


@dataclass(frozen=True)
class SpectrumFolder:
    """Published spectra by distance.

    Attributes
    ----------
    path : Path
        For messages.
    files : dict of float to Path
        By distance in Mpc, ascending.
    """

    path: Path
    files: dict

    def flux(self, distance, energy):
        """Return E^2 dN/dE at energies in EeV, shape (56, n), interpolated linearly between neighbouring distances.

        Raises
        ------
        InputError
            If no files are near enough to the distance, or a file is not as expected.
        """
        return sum(weight * read_published(self.files[d], energy) for d, weight in self._weights(distance).items())

    def _weights(self, distance):
        known = np.array(list(self.files))
        inside = known[0] <= distance <= known[-1]
        if inside and len(known) > 1:
            i = int(np.clip(np.searchsorted(known, distance) - 1, 0, len(known) - 2))
            low, high = known[i], known[i + 1]
            if high - low <= max(WIDEST_GAP, WIDEST_RELATIVE_GAP * low):
                share = (distance - low) / (high - low)
                return {d: w for d, w in ((low, 1.0 - share), (high, share)) if w > 0}
        nearest = known[np.argmin(np.abs(known - distance))]
        if abs(nearest - distance) <= NEAR_ENOUGH * distance:
            return {nearest: 1.0}
        raise InputError(
            f"{self.path}: expected a file for {distance:g} Mpc, or two neighbours at most {WIDEST_GAP:g} Mpc apart; "
            f"there are {', '.join(f'{d:g}' for d in known)} Mpc", "emission.file",
        )


def spectrum_folder(config):
    """Find the published spectra in the folder that the configuration names; a single file counts as such a folder.

    Raises
    ------
    InputError
        If there is none, or two files have the same distance.
    """
    path = Path(config.file)
    if not path.exists():
        raise InputError(f"no file or folder {path}; give the folder of the published spectra", "emission.file")
    files = {}
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        distance = _distance_in_name(file.name)
        if distance is None or not file.is_file():
            continue
        if distance in files:
            raise InputError(f"expected one file for {distance:g} Mpc, received {files[distance]} and {file}", "emission.file")
        files[distance] = file
    if not files:
        raise InputError(f"{path}: expected files named by their distance in Mpc, such as 3.5 or 20.0.gz", "emission.file")
    return SpectrumFolder(path, dict(sorted(files.items())))


def _distance_in_name(name):
    for suffix in COMPRESSIONS:
        name = name.removesuffix(suffix)
    try:
        distance = float(name)
    except ValueError:
        return None
    return distance if np.isfinite(distance) and distance > 0 else None


def read_published(path, energy):
    """Read one file and return E^2 dN/dE at energies in EeV, shape (56, n).

    Raises
    ------
    InputError
        If the text is not 57 columns of numbers with increasing energies; the line is named.
    DamagedFileError
        If the file cannot be decompressed, or becomes larger than any spectrum.
    """
    rows = [
        _numbers(line, f"{path}, line {number}")
        for number, line in enumerate(read_text(path, LARGEST_FILE).splitlines(), 1) if line.strip() and not line.lstrip().startswith("#")
    ]
    if len(rows) < 2:
        raise InputError(f"{path}: expected two or more lines of {N_COLUMNS} numbers, received {len(rows)}")
    table = np.array(rows)
    if table[0, 0] <= 0 or np.any(np.diff(table[:, 0]) <= 0):
        raise InputError(f"{path}: expected positive, increasing energies in the first column")
    known = table[:, 0] / EV_PER_EEV
    return np.array([TabulatedSpectrum(known, column)(energy) for column in table[:, 1:].T])


def _numbers(line, where):
    words = line.split()
    if len(words) != N_COLUMNS:
        raise InputError(f"{where}: expected {N_COLUMNS} numbers (energy in eV, A = 1 ... 56), received {len(words)}")
    try:
        numbers = np.array(words, float)
    except ValueError as error:
        raise InputError(f"{where}: expected numbers ({error})") from None
    if not np.all(np.isfinite(numbers)) or np.any(numbers < 0):
        raise InputError(f"{where}: expected finite numbers of at least 0")
    return numbers
