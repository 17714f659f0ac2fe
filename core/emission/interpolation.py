"""Smooth curves through tabulated spectra."""

import numpy as np
from scipy.interpolate import PchipInterpolator


class TabulatedSpectrum:
    """A spectrum between its points: monotone cubic in the logarithms of energy and flux.

    It is zero outside the table and wherever the point before or after is zero.

    Parameters
    ----------
    energy : ndarray, shape (n,)
        EeV, positive, increasing.
    flux : ndarray, shape (n,)
        E^2 dN/dE, not negative.
    """

    def __init__(self, energy, flux):
        positive = flux > 0
        self._log_energy = np.log(energy)
        self._interval_filled = positive[:-1] & positive[1:]
        x, y = self._log_energy[positive], np.log(flux[positive])
        self._curve = PchipInterpolator(x, y) if self._interval_filled.any() else None

    def __call__(self, energy):
        """Return E^2 dN/dE at energies in EeV."""
        x = np.log(energy)
        if self._curve is None:
            return np.zeros(np.shape(x))
        first, last = self._log_energy[[0, -1]]
        slack = 1e-9  # keeps the end points, whose logarithms may differ in the last digit
        interval = np.clip(np.searchsorted(self._log_energy, x + slack, side="right") - 1, 0, len(self._interval_filled) - 1)
        filled = self._interval_filled[interval] & (x >= first - slack) & (x <= last + slack)
        return np.where(filled, np.exp(self._curve(np.clip(x, *self._curve.x[[0, -1]]))), 0.0)
