"""A blob in the sky, mock skies of it, and where things are drawn, for the tests of the Sky tab."""

from types import SimpleNamespace

import numpy as np
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QImage

from zevatron.core.sky import angular_distance, pixel_vectors, unit_vectors

EDGES = 56.0 * 10 ** (0.05 * np.arange(16))


def density(glon=60.0, glat=30.0, nside=16, n_bins=15, width=8.0):
    """A blob in the sky whose contrast grows with energy."""
    vectors = pixel_vectors(nside)
    distance = angular_distance(vectors, unit_vectors(glon, glat))
    edges = 56.0 * 10 ** (0.05 * np.arange(n_bins + 1))
    shares = edges[:-1] ** -2.0
    widths = width * np.linspace(1.5, 0.7, n_bins)
    source = np.exp(-0.5 * (distance[:, None] / widths) ** 2)
    source = source / source.sum(axis=0) * shares
    isotropic = np.broadcast_to(shares, source.shape)
    return SimpleNamespace(
        name="Cen A", nside=nside, bin_edges=edges, source=source / source.sum(), isotropic=isotropic / isotropic.sum(),
        n_bins=n_bins, npix=len(source),
    )


def mock_sky(sky, rng, n=200, n_source=20):
    cells = np.concatenate([
        rng.choice(sky.source.size, n_source, p=sky.source.ravel()),
        rng.choice(sky.source.size, n - n_source, p=sky.isotropic.ravel()),
    ])
    return SimpleNamespace(
        ipix=cells[None] // sky.n_bins, bin=cells[None] % sky.n_bins, is_source=(np.arange(n) < n_source)[None], nside=sky.nside,
        n_bins=sky.n_bins,
    )


def wait_for_pictures(qtbot, panels):
    def drawn():
        views = [panels.map] + ([panels.grid] if panels.grid.isVisible() else [])
        assert all(not view._resizing.isActive() for view in views)
        for view in views:
            for image, rect in zip(view._images, view._rects, strict=True):
                assert image.image is not None
                assert image.image.shape[1] == round(rect.width() * view.devicePixelRatioF())

    qtbot.waitUntil(drawn, timeout=20_000)


def brightest(view, picture=0):
    """Direction of the point of a view's picture that is drawn brightest (dark theme)."""
    shot = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(shot.constBits(), np.uint8).reshape(shot.height(), shot.bytesPerLine() // 4, 4)[..., :3]
    ratio, rect = shot.width() / view.width(), view._rects[picture]
    y, x = np.mgrid[: shot.height(), : shot.width()] / ratio
    radius = ((x - rect.center().x()) * 2 / rect.width()) ** 2 + ((y - rect.center().y()) * 2 / rect.height()) ** 2
    lightness = np.where(radius < 0.95, pixels[:, : shot.width()].sum(axis=2, dtype=int), 0)
    row, column = np.unravel_index(lightness.argmax(), lightness.shape)
    return view.direction_at(QPointF(column / ratio, row / ratio))


def point_of(view, glon, glat, picture=0):
    x, y = view.position(glon, glat, picture)
    return QPoint(round(float(x)), round(float(y)))
