"""What is shown of a field as columns for CSV files."""

import numpy as np

from ..sky import lonlat, pixel_vectors


def plane_columns(planes):
    """Return the columns of the points of several ``FieldPlane`` inside the Galaxy: kpc and microgauss."""
    positions, field, names = [], [], []
    for plane in planes:
        inside = np.isfinite(plane.field[..., 0])
        positions.append(plane.positions[inside])
        field.append(plane.field[inside])
        names += [plane.plane] * int(inside.sum())
    x, y, z = np.concatenate(positions).T
    bx, by, bz = np.concatenate(field).T
    return {"plane": names, "x_kpc": x, "y_kpc": y, "z_kpc": z, "Bx_uG": bx, "By_uG": by, "Bz_uG": bz}


def deflection_columns(deflection):
    """Return the columns of a ``DeflectionMap``: NESTED pixel, direction of arrival, exit direction, deflection, degrees."""
    arrival, left = lonlat(pixel_vectors(deflection.nside)), lonlat(deflection.exit_direction)
    return {
        "ipix_nested": np.arange(12 * deflection.nside**2), "l_deg": arrival[0], "b_deg": arrival[1], "exit_l_deg": left[0],
        "exit_b_deg": left[1], "deflection_deg": deflection.angle,
    }


def magnification_columns(magnification):
    """Return the columns of a ``MagnificationMap``: NESTED pixel and direction outside the Galaxy, degrees, value and error."""
    glon, glat = lonlat(pixel_vectors(magnification.nside))
    return {
        "ipix_nested": np.arange(12 * magnification.nside**2), "l_deg": glon, "b_deg": glat, "rays": magnification.rays,
        "magnification": magnification.value, "error": magnification.error,
    }


def image_columns(statistics):
    """Return the columns of an ``ImageStatistics``, one row for each rigidity."""
    glon, glat = lonlat(statistics.mean_direction)
    return {
        "rigidity_EV": statistics.rigidity, "n_images": statistics.n_images, "spread_deg": statistics.spread,
        "radius_68_deg": statistics.radius_68, "centre_l_deg": glon, "centre_b_deg": glat, "centre_to_source_deg": statistics.offset,
        "magnification": statistics.magnification, "n_effective": statistics.n_effective,
    }


def ray_columns(rays):
    """Return the columns of the points of several ``Ray``, kpc, numbered from 1."""
    numbers = np.repeat(np.arange(1, len(rays) + 1), [len(ray.points) for ray in rays])
    x, y, z = np.concatenate([ray.points for ray in rays]).T
    rigidity = np.array([ray.rigidity for ray in rays])[numbers - 1]
    return {"ray": numbers, "rigidity_EV": rigidity, "x_kpc": x, "y_kpc": y, "z_kpc": z}
