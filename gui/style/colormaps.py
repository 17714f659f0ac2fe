"""Colours of sky maps: `inferno` on dark ground, and on light ground a map of the same kind that begins at paper white.

All are told apart with any kind of colour vision: lightness falls or rises evenly, and the diverging one runs from blue to
orange. On light ground every map begins at paper white.
"""

import functools

import numpy as np

N_COLOURS = 256  # pyqtgraph's fast path ends here

# lightness, chroma, hue (degrees) in Oklab at equal steps of value: lightness falls evenly, so equal steps look equal
PAPER_STOPS = np.array([
    (0.985, 0.002, 80.0),
    (0.880, 0.065, 75.0),
    (0.775, 0.125, 60.0),
    (0.670, 0.165, 43.0),
    (0.565, 0.180, 24.0),
    (0.460, 0.165, 4.0),
    (0.355, 0.130, 335.0),
    (0.250, 0.085, 305.0),
    (0.145, 0.040, 285.0),
])

# Oklab to linear sRGB: B. Ottosson, "A perceptual color space for image processing" (2020)
LAB_TO_LMS = np.array([
    [1.0, 0.3963377774, 0.2158037573], [1.0, -0.1055613458, -0.0638541728], [1.0, -0.0894841775, -1.2914855480],
])
LMS_TO_RGB = np.array([
    [4.0767416621, -3.3077115913, 0.2309699292],
    [-1.2684380046, 2.6097574011, -0.3413193965],
    [-0.0041960863, -0.7034186147, 1.7076147010],
])


def oklab_to_srgb(lab):
    """Turn Oklab, shape (..., 3), into sRGB in 0..1; colours outside the gamut are clipped."""
    linear = (lab @ LAB_TO_LMS.T) ** 3 @ LMS_TO_RGB.T
    linear = np.clip(linear, 0.0, 1.0)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@functools.cache
def paper():
    """Return the sky map of the light theme, shape (256, 3), 0..255: paper white, apricot, red, violet, nearly black."""
    lightness, chroma, hue = PAPER_STOPS.T
    hue = np.unwrap(np.radians(hue))
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    stops, steps = np.linspace(0.0, 1.0, len(lab)), np.linspace(0.0, 1.0, N_COLOURS)
    smooth = np.stack([np.interp(steps, stops, channel) for channel in lab.T], axis=-1)
    return np.round(oklab_to_srgb(smooth) * 255).astype(np.uint8)


@functools.cache
def inferno():
    """Return the sky map of the dark theme, shape (256, 3), 0..255."""
    import pyqtgraph

    return pyqtgraph.colormap.get("inferno").getLookupTable(nPts=N_COLOURS, alpha=False)


COLORMAPS = {"inferno": inferno, "paper": paper}
CHOICES = {"standard": "Standard", "viridis": "Viridis", "cividis": "Cividis", "grey": "Grey"}
PAPER_SHARE = 0.12  # of a map on light ground, over which it leaves paper white
DIVERGING_HUES = 240.0, 65.0  # degrees in Oklab: blue for less, orange for more
DIVERGING_LIGHTNESS = {True: (0.13, 0.86), False: (0.985, 0.42)}  # in the middle and at the ends, on dark and light ground


def lookup_table(name):
    """Return the colours of a sky map, shape (256, 3), uint8, faintest first."""
    return COLORMAPS[name]()


@functools.cache
def chosen(name, standard, is_dark):
    """Return the colours of one of :data:`CHOICES`, or of ``"diverging"``, on dark or light ground.

    Parameters
    ----------
    name : str
    standard : str
        Map of the theme, see :func:`lookup_table`.
    is_dark : bool

    Returns
    -------
    ndarray of uint8, shape (256, 3)
        Faintest first; of a diverging map the middle is the ground.
    """
    if name == "standard":
        return lookup_table(standard)
    if name == "diverging":
        return diverging(is_dark)
    if name == "grey":
        colours = np.repeat(np.linspace(0, 255, N_COLOURS)[:, None], 3, axis=1)
    else:
        import pyqtgraph

        colours = pyqtgraph.colormap.get(name).getLookupTable(nPts=N_COLOURS, alpha=False).astype(float)
    if is_dark:
        return np.round(colours).astype(np.uint8)
    share = np.clip(np.linspace(0, 1 / PAPER_SHARE, N_COLOURS), 0, 1)[:, None]
    return np.round(share * colours[::-1] + (1 - share) * lookup_table("paper")[0]).astype(np.uint8)


def diverging(is_dark):
    """Return a map from blue through the ground to orange, shape (256, 3), uint8."""
    place = np.linspace(-1, 1, N_COLOURS)
    middle, end = DIVERGING_LIGHTNESS[is_dark]
    lightness = middle + (end - middle) * np.abs(place)
    chroma = 0.16 * np.sin(np.pi / 2 * np.abs(place))
    hue = np.radians(np.where(place < 0, *DIVERGING_HUES))
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    return np.round(oklab_to_srgb(lab) * 255).astype(np.uint8)
