"""The angular power spectrum of the arrival directions, and its distance from isotropy as a statistic."""

import math
from dataclasses import dataclass

import numba
import numpy as np

from ..errors import InputError
from ..harmonics import highest_multipole, legendre_functions, ring_places
from ..mock_events import EventSampler, random_stream
from ..progress import SILENT
from .cells import check_cells
from .trials import in_steps, on_all_processors

ISOTROPIC_SKIES = 20_000  # from which mean and scatter under isotropy are taken; 1e4 to 1e5 were published
BATCH = 1_000


class SkySpectra:
    r"""Angular power spectra of the relative intensity, for l = 1 to 32 (or the highest that the pixels can carry).

    With n of N events in a pixel and a share p expected from isotropy, from the harmonic coefficients, one term a pixel and
    no iteration,

    .. math:: C_\ell = \frac{1}{2\ell + 1} \sum_m |a_{\ell m}|^2, \qquad
       a_{\ell m} = 4\pi \sum_{pixels} \left(\frac{n}{N} - p\right) Y^*_{\ell m}

    At uniform exposure this is the spectrum of the relative intensity (Huelss & Wiebusch, arXiv:0711.0353). At any other it
    is that of the relative intensity times the exposure, the pseudo-spectrum of the Pierre Auger Collaboration (JCAP 06
    (2017) 026, arXiv:1611.06812): divided by an exposure that falls to 0, single events at its edge would outweigh all others.
    All energies count alike. The events of one ring are summed before the Legendre functions are looked up.

    Parameters
    ----------
    density : SkyDensity
        Its isotropic part is what is expected.
    """

    def __init__(self, density):
        self.nside, self.n_bins = density.nside, density.n_bins
        self.l_max = highest_multipole(density.nside)
        ring, longitude, z = ring_places(density.nside)
        expected = density.isotropic.sum(axis=1)
        # numbered from north to south: the events of a ring stand together once they are sorted
        order = np.argsort(ring, kind="stable")
        self._place = np.empty(density.npix, np.int32)
        self._place[order] = np.arange(density.npix, dtype=np.int32)
        self._pixels = ring[order], np.cos(longitude[order]), np.sin(longitude[order])
        self._legendre = legendre_functions(z, self.l_max)
        orders = np.arange(self.l_max + 1)
        phases = np.zeros((len(self._legendre), len(orders)), complex)
        np.add.at(phases, ring, expected[:, None] * np.exp(1j * np.multiply.outer(longitude, orders)))
        exposed = 4 * math.pi * np.einsum("rm,rml->ml", phases, self._legendre)
        self._exposed = np.ascontiguousarray(exposed.real), np.ascontiguousarray(exposed.imag)

    def of(self, events):
        """Return the power spectrum of each sky.

        Parameters
        ----------
        events : MockEvents
            Of the same ``nside`` and ``n_bins``.

        Returns
        -------
        ndarray, shape (n_maps, l_max)
            The first column is l = 1. The same to the last bit in whatever order the events come.

        Raises
        ------
        InputError
            If events and density have different pixels or bins.
        """
        check_cells(events, self.nside, self.n_bins)
        return _power(self._place[events.ipix], *self._pixels, self._legendre, *self._exposed)[:, 1:]


@dataclass(frozen=True, eq=False)
class IsotropicSpectra:
    """Power spectra of isotropic skies of one size: mean and standard deviation, shape (l_max,)."""

    mean: np.ndarray
    deviation: np.ndarray


def isotropic_spectra(density, n_events, seed, spectra=None, n_maps=ISOTROPIC_SKIES, *, progress=SILENT):
    """Simulate the power spectra of isotropic skies.

    For many events and uniform exposure the mean is the shot noise 4 pi / N and the deviation that times
    sqrt(2 / (2 l + 1)); for small N neither the deviation nor the shape is that of the formula.

    Parameters
    ----------
    density : SkyDensity
    n_events : int
        In each sky.
    seed : int
        Of the run; the random stream is ``power_spectrum``.
    spectra : SkySpectra, optional
    n_maps : int, optional
    progress : Progress, optional

    Returns
    -------
    IsotropicSpectra
    """
    spectra = spectra or SkySpectra(density)
    sampler, rng = EventSampler(density), random_stream(seed, "power_spectrum", n_events)
    batches = [sampler.draw(n_events, np.zeros(min(BATCH, n_maps - done), int), rng) for done in range(0, n_maps, BATCH)]
    found = []

    def keep(batch):
        found.append(batch)
        progress.report("power spectra of isotropic skies", len(found), len(batches))

    on_all_processors(lambda events: in_steps(spectra.of, events, progress), batches, keep)
    found = np.concatenate(found)
    return IsotropicSpectra(found.mean(axis=0), found.std(axis=0, ddof=1))


class SpectrumDeviation:
    r"""Distance of a sky's power spectrum from isotropy, in units of the scatter of isotropic skies of the same size.

    .. math:: D = \frac{1}{\ell_{max}} \sum_{\ell=1}^{\ell_{max}}
       \left(\frac{C_\ell - \langle C_\ell \rangle_{iso}}{\sigma_{\ell, iso}}\right)^p

    with p = 1 as in Kalashev, Pshirkov & Zotov, JCAP 09 (2019) 034, or p = 2 as in Huelss & Wiebusch, arXiv:0711.0353.
    It does not look at energies, nor at where on the sky a source would be.

    Parameters
    ----------
    density : SkyDensity
    n_events : int
        Events in each sky that will be judged.
    seed : int
        Of the run.
    power : {1, 2}
    progress : Progress, optional
        Told how many isotropic skies are done.
    """

    thread_safe = True

    def __init__(self, density, n_events, seed, power=1, *, progress=SILENT):
        self.name = {1: "power_spectrum", 2: "power_spectrum_squared"}[power]
        self.n_events, self.power = n_events, power
        self._spectra = SkySpectra(density)
        self._isotropic = isotropic_spectra(density, n_events, seed, self._spectra, progress=progress)

    def scores(self, events):
        """Return the statistic of each sky.

        Parameters
        ----------
        events : MockEvents
            Of the same ``nside``, ``n_bins`` and ``n_events``.

        Returns
        -------
        ndarray, shape (n_maps,)

        Raises
        ------
        InputError
            If events and statistic have different pixels, bins or numbers of events.
        """
        if events.n_events != self.n_events:
            raise InputError(f"expected skies of {self.n_events} events, received {events.n_events}")
        isotropic = self._isotropic
        return np.mean(((self._spectra.of(events) - isotropic.mean) / isotropic.deviation) ** self.power, axis=1)


def mean_deviation(config, density, n_events, progress=SILENT):
    """Return the statistic D of a run."""
    return SpectrumDeviation(density, n_events, config.seed, power=1, progress=progress)


def mean_squared_deviation(config, density, n_events, progress=SILENT):
    """Return the statistic D^2 of a run."""
    return SpectrumDeviation(density, n_events, config.seed, power=2, progress=progress)


@numba.njit(nogil=True, cache=True)
def _power(places, ring, cosine, sine, legendre, exposed_real, exposed_imaginary):
    """Power of every sky, (n_maps, l_max + 1), from events given by the numbers of their pixels from north to south."""
    n_maps, n_events = places.shape
    size = legendre.shape[1]
    power = np.zeros((n_maps, size))
    real, imaginary = np.empty((size, size)), np.empty((size, size))
    phase_real, phase_imaginary = np.empty(size), np.empty(size)
    for i in range(n_maps):
        order = np.sort(places[i])
        real[:], imaginary[:] = -exposed_real, -exposed_imaginary
        j = 0
        while j < n_events:
            here = ring[order[j]]
            phase_real[:], phase_imaginary[:] = 0.0, 0.0
            while j < n_events and ring[order[j]] == here:
                k = order[j]
                x, y, c, s = 4 * math.pi / n_events, 0.0, cosine[k], sine[k]
                for m in range(size):
                    phase_real[m] += x
                    phase_imaginary[m] += y
                    x, y = x * c - y * s, x * s + y * c
                j += 1
            for m in range(size):
                x, y = phase_real[m], phase_imaginary[m]
                for degree in range(m, size):
                    real[m, degree] += legendre[here, m, degree] * x
                    imaginary[m, degree] += legendre[here, m, degree] * y
        for degree in range(size):
            total = 0.5 * real[0, degree] ** 2
            for m in range(1, degree + 1):
                total += real[m, degree] ** 2 + imaginary[m, degree] ** 2
            power[i, degree] = 2 * total / (2 * degree + 1)
    return power
