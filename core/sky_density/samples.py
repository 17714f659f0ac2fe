"""Nuclei of a source one by one, in the ``src_sample`` format of the published analysis (arXiv:2105.06414).

A text file, perhaps ``.txt.xz``, with a line for each nucleus: ``lat_ini lon_ini`` where it is seen from Earth, ``lat_res
lon_res`` where it entered the Galaxy, ``angsep`` from there to the source (all degrees, Galactic), ``Z``, ``E`` in whole
EeV, and ``cell_no``, the HEALPix pixel (RING) of the arrival direction. Lines with Z = 0 are padding.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import healpy as hp
import numpy as np

from ..config import IMPORTED_FIELD
from ..errors import ConfigError, InputError, NoEventsError
from ..lens import rigidity_grid, source_lens
from ..lens.published import LARGEST_FILE, check_angles, read_rows, save_text
from ..progress import SILENT
from ..sky import angular_distance, lonlat, pixel_vectors, unit_vectors, vector_pixels
from ..streams import random_stream
from .arrivals import nothing_arrives, rows_and_weights
from .density import Losses, SkyDensity
from .energy_bins import normalised, numbers_in_cells, share, smearing_of_energies

COLUMNS = ("lat_ini", "lon_ini", "lat_res", "lon_res", "angsep", "Z", "E", "cell_no")
FORMAT = ("%11.5f",) * 5 + ("%4d", "%5d", "%9d")
SAME_ANGLE = 0.01  # degrees: how well angsep must fit the source
MOST_RAYS = 4000  # traced for one nucleus and energy
LARGEST_SAMPLE = 10_000_000


@dataclass(frozen=True, eq=False)
class SourceSample:
    """Nuclei of one source.

    Attributes
    ----------
    arrival, entry : ndarray, shape (n, 3)
        Unit vectors: where they are seen from Earth and where they entered the Galaxy.
    angsep : ndarray, shape (n,)
        From there to the source, degrees.
    charge, energy : ndarray, shape (n,)
        Z, and E in EeV.
    """

    arrival: np.ndarray
    entry: np.ndarray
    angsep: np.ndarray
    charge: np.ndarray
    energy: np.ndarray

    def __len__(self):
        """Number of nuclei."""
        return len(self.charge)


def is_sample(field):
    """Whether a :class:`~..config.FieldConfig` names a sample, which is one file; lenses and tables are folders."""
    return field.model == IMPORTED_FIELD and Path(field.file).is_file()


def read_sample(path):
    """Read a sample; padding is left out.

    Raises
    ------
    InputError
        If a line has not eight numbers, or one of them is out of range; the row is named.
    DamagedFileError
        If the file cannot be read or decompressed, or is too large.
    """
    rows = read_rows(path, COLUMNS, LARGEST_FILE)
    number = np.flatnonzero(rows[:, 5] != 0)
    rows = rows[number]
    if not len(rows):
        raise InputError(f"{path}: expected at least one nucleus, received padding only")
    check_angles(path, rows[:, :5], number, COLUMNS[:5])
    for column, low, high in ((5, 1, 26), (6, 1, 1e6), (7, 0, 12 * 8192**2)):
        values = rows[:, column]
        bad = np.flatnonzero(~((values >= low) & (values <= high) & (values == np.round(values))))
        if bad.size:
            raise InputError(
                f"{path}, row {number[bad[0]]}: expected {COLUMNS[column]} as a whole number from {low} to {high:g}, "
                f"received {values[bad[0]]:g}"
            )
    return SourceSample(
        unit_vectors(rows[:, 1], rows[:, 0]), unit_vectors(rows[:, 3], rows[:, 2]), rows[:, 4], rows[:, 5].astype(int), rows[:, 6]
    )


def write_sample(path, sample, nside, comments=()):
    """Write a sample, compressed if ``path`` ends in ``.xz``, with the pixels of a resolution as ``cell_no``."""
    columns = []
    for directions in (sample.arrival, sample.entry):
        glon, glat = lonlat(directions)
        columns += [glat, np.where(glon > 180, glon - 360, glon)]
    cell = hp.vec2pix(nside, *sample.arrival.T)
    rows = np.column_stack([*columns, sample.angsep, sample.charge, sample.energy, cell])
    save_text(path, rows, FORMAT, "\n".join((*comments, "  ".join(COLUMNS))))


def density_of_sample(config, source, sample, isotropic, above, half=None):
    """Density of a source from a sample made elsewhere: each nucleus feeds the bins with the weights of its own energy.

    Emission, propagation and field are those of the sample; the energies below its own threshold are missing in it.

    Parameters
    ----------
    config : RunConfig
    source : Source
    sample : SourceSample
    isotropic, above
        As from :func:`~.build.isotropic_density`.
    half : {0, 1}, optional
        Only every second nucleus.

    Returns
    -------
    SkyDensity

    Raises
    ------
    InputError
        If the sample is of another source.
    ConfigError
        If the run wants what a sample cannot say.
    NoEventsError
        If no nucleus falls into the bins.
    """
    if config.sky.normalisation == "flux":
        raise ConfigError("expected edge, because a sample counts every nucleus as at the Galaxy's edge", "sky.normalisation")
    if config.propagation.one_mass or config.propagation.mass_factor != 1:
        raise ConfigError("expected the masses as they are, because the nuclei of a sample have arrived already", "propagation")
    off = np.flatnonzero(np.abs(angular_distance(sample.entry, source.direction) - sample.angsep) > SAME_ANGLE)
    if off.size:
        raise InputError(
            f"expected a sample of {source.name}, but row {off[0]} of {config.field.file} gives {sample.angsep[off[0]]:.3f} degrees to "
            f"its source, which are {angular_distance(sample.entry[off[0]], source.direction):.3f} here", "field.file",
        )
    used = slice(half, None, None if half is None else 2)
    smear = smearing_of_energies(np.log(sample.energy[used]), config.energy.bin_edges, config.energy.resolution)
    n_bins, npix = config.energy.bin_count, 12 * config.sky.nside**2
    target = vector_pixels(config.sky.nside, sample.arrival[used])[:, None] * n_bins + np.arange(n_bins)
    density = np.bincount(target.ravel(), smear[:, :-1].ravel(), minlength=npix * n_bins)
    if not density.any():
        raise NoEventsError(nothing_arrives(config.energy))
    losses = Losses(above_source=share(smear[:, -1].sum(), smear.sum()), above_isotropic=above)
    return SkyDensity(
        source.name, config.sky.nside, config.energy.bin_edges, normalised(density.reshape(-1, n_bins)), isotropic, "edge", losses,
        source.key,
    )


def draw_sample(config, source, n, nside, lowest_energy, *, cache=None, progress=SILENT):
    """Draw nuclei of a source and a ray for each, as the published scripts do from their deflection tables.

    Charges and whole energies are drawn from the spectrum; each nucleus gets one of the pixels of resolution ``nside``
    whose ray of its rigidity, from the centre, leaves the Galaxy within the radius of the source. Only rays from pixels
    of the image that the lens has found, and from their neighbours, are traced.

    Parameters
    ----------
    config : RunConfig
    source : Source
    n : int
        Nuclei at the Galaxy's edge.
    nside : int
        Of the pixels.
    lowest_energy : float
        True energy in EeV from which on nuclei are drawn.
    cache : Path, optional
    progress : Progress, optional

    Returns
    -------
    SourceSample
        Fewer than ``n``: nuclei that no ray brings to the Earth are missing.

    Raises
    ------
    InputError
        If a number is out of range or the field is imported.
    ConfigError
        If the run averages over fields, or the source has another shape than a cap.
    NoEventsError
        If no nucleus gets through.
    """
    from ..galactic_field import backtrack, galactic_field
    from ..galactic_field.members import single_field

    if not 1 <= n <= LARGEST_SAMPLE:
        raise InputError(f"expected 1 to {LARGEST_SAMPLE} nuclei, received {n}")
    if config.sky.source_shape != "cap":
        raise ConfigError("expected cap, because a sample has a radius around the source", "sky.source_shape")
    field = single_field(config.field)
    galaxy = galactic_field(field)
    rng = random_stream(config.seed, f"src_sample {source.key}")
    charge, energy, count = drawn_nuclei(config, source, n, lowest_energy, rng, cache, progress)
    sky = replace(config.sky, nside=nside)
    lens = source_lens(source, field, sky, rigidity_grid(*config.energy.rigidity_range), cache=cache, progress=progress)
    candidates = [_thinned(pixels, rng) for pixels in candidate_pixels(lens, energy / charge)]
    pair = np.repeat(np.arange(len(candidates)), [len(pixels) for pixels in candidates])
    start = pixel_vectors(nside, np.concatenate(candidates))
    entry = backtrack(galaxy, (energy / charge)[pair], start, progress=progress).exit_direction if len(pair) else start
    angsep = angular_distance(entry, source.direction)
    hits = np.flatnonzero(angsep < config.sky.source_radius)
    chosen = [
        rng.choice(of_pair, count[i], replace=count[i] > len(of_pair))
        for i, of_pair in enumerate(np.split(hits, np.searchsorted(pair[hits], np.arange(1, len(count))))) if len(of_pair)
    ]
    if not chosen:
        raise NoEventsError(nothing_arrives(config.energy))
    ray = np.concatenate(chosen)
    return SourceSample(start[ray], entry[ray], angsep[ray], charge[pair[ray]], energy[pair[ray]].astype(float))


def drawn_nuclei(config, source, n, lowest_energy, rng, cache=None, progress=SILENT):
    """Draw charges and whole energies from the spectrum of a source.

    Returns
    -------
    charge, energy, count : ndarray of int, shape (n_pairs,)
        Pairs of Z and E in EeV that occur, and how often; the counts add up to ``n``.
    """
    from ..propagation import CHARGES, propagated_spectrum

    spectrum = propagated_spectrum(config.emission, config.propagation, source.distance, cache=cache, progress=progress)
    whole = np.arange(np.ceil(lowest_energy), np.floor(spectrum.energy[-1]) + 1)
    if len(whole) < 1:
        raise InputError(f"expected an energy below {spectrum.energy[-1]:.0f} EeV, where the spectrum ends, received {lowest_energy:g}")
    number = numbers_in_cells(spectrum.energy, spectrum.flux, np.log(np.append(whole, whole[-1] + 1) - 0.5))
    by_charge = np.zeros((CHARGES.max() + 1, len(whole)))
    np.add.at(by_charge, CHARGES, number)
    if not by_charge.any():
        raise NoEventsError(f"no nucleus arrives above {lowest_energy:g} EeV from {source.distance:g} Mpc")
    counts = rng.multinomial(n, (by_charge / by_charge.sum()).ravel()).reshape(by_charge.shape)
    charge, cell = np.nonzero(counts)
    return charge, whole[cell].astype(int), counts[charge, cell]


def candidate_pixels(lens, rigidity):
    """NESTED pixels of a lens' maps in which an image at each of the rigidities, shape (n,), can lie: a tuple of arrays."""
    row, _, inside = rows_and_weights(np.log(rigidity), lens)
    maps = lens.sparse_density()
    found = []
    for below, covered in zip(row, inside, strict=True):
        stored = maps.indices[maps.indptr[below] : maps.indptr[below + 2]] if covered else np.zeros(0, int)
        around = hp.get_all_neighbours(lens.nside, stored, nest=True).ravel()
        pixels = np.unique(np.concatenate([stored, around]))
        found.append(pixels[pixels >= 0])
    return tuple(found)


def _thinned(pixels, rng):
    return pixels if len(pixels) <= MOST_RAYS else rng.choice(pixels, MOST_RAYS, replace=False)
