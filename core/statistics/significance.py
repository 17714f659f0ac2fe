"""Significance of an excess of events in discs on the sky."""

import numpy as np

from ..discs import disc_sums
from ..errors import InputError


def li_ma(n_on, n_off, alpha):
    r"""Significance of an excess, negative for a deficit.

    .. math:: S = \pm\sqrt{2} \left\{
        N_{on} \ln\left[\frac{1 + \alpha}{\alpha} \frac{N_{on}}{N_{on} + N_{off}}\right] +
        N_{off} \ln\left[(1 + \alpha) \frac{N_{off}}{N_{on} + N_{off}}\right] \right\}^{1/2}

    (Li & Ma, ApJ 272 (1983) 317, eq. 17.) Without an excess it is distributed about as a standard normal variable.

    Parameters
    ----------
    n_on, n_off : array_like
        Events in the disc and outside.
    alpha : array_like
        Expected ratio of the two numbers without a source, above 0.

    Returns
    -------
    ndarray
        Standard deviations; 0 where there are no events.
    """
    n_on, n_off, alpha = np.broadcast_arrays(*(np.asarray(v, float) for v in (n_on, n_off, alpha)))
    total = n_on + n_off
    expected_on, expected_off = total * alpha / (1 + alpha), total / (1 + alpha)
    twice = _deviance(n_on, expected_on) + _deviance(n_off, expected_off)
    return np.copysign(np.sqrt(2 * np.maximum(twice, 0.0)), n_on - expected_on)


def _deviance(observed, expected):
    ratio = np.divide(observed, expected, out=np.ones_like(observed), where=(observed > 0) & (expected > 0))
    return observed * np.log(ratio)


def significance_maps(counts, isotropic, radius):
    """Significance of the events within ``radius`` of every pixel's centre against all others of the sky.

    A disc is made of whole pixels; the expected ratio of events inside and outside is that of the isotropic density,
    which holds the exposure.

    Parameters
    ----------
    counts : ndarray, shape (npix, n_bins)
        Events of one sky, NESTED.
    isotropic : ndarray, shape (npix, n_bins)
        Expected density of isotropic events.
    radius : float
        Degrees.

    Returns
    -------
    ndarray, shape (1 + n_bins, npix)
        All energies, then each bin; nan where no isotropic event is expected inside or outside.

    Raises
    ------
    InputError
        If counts and density have different shapes.
    """
    if counts.shape != isotropic.shape:
        raise InputError(f"expected counts of the density's shape {isotropic.shape}, received {counts.shape}")
    stack = np.concatenate([_with_sum(counts), _with_sum(isotropic)])
    inside = disc_sums(stack, radius)
    n_on, on = np.split(inside, 2)
    n_all, everything = np.split(stack.sum(axis=1)[:, None], 2)
    off = everything - on
    fit = (on > 1e-12 * everything) & (off > 1e-12 * everything)
    alpha = np.divide(on, off, out=np.ones_like(on), where=fit)
    return np.where(fit, li_ma(np.rint(n_on), np.rint(n_all - n_on), alpha), np.nan)


def _with_sum(maps):
    return np.concatenate([maps.sum(axis=1)[None], maps.T]).astype(float)
