"""What several tests of fields measure: divergence, cylindrical components, flux through boxes."""

import numpy as np

from zevatron.core.galactic_field.compiled import piece_at


def divergence(field, positions, h=1e-4):
    """Central differences, microgauss per kpc."""
    steps = h * np.eye(3)
    return sum(
        (field.values(positions + step)[:, i] - field.values(positions - step)[:, i]) / (2 * h)
        for i, step in enumerate(steps)
    )


def cylindrical(field, positions):
    """Components B_r, B_phi, B_z."""
    bx, by, bz = field.values(positions).T
    phi = np.arctan2(positions[:, 1], positions[:, 0])
    return bx * np.cos(phi) + by * np.sin(phi), by * np.cos(phi) - bx * np.sin(phi), bz


def within_one_piece(field, positions, h=1e-4):
    """Those positions whose neighbours at a distance ``h`` lie in the same smooth piece of the field."""
    neighbours = np.concatenate([np.eye(3), -np.eye(3)]) * h
    keep = [
        all(piece_at(field.constants, *position) == piece_at(field.constants, *(position + step)) for step in neighbours)
        for position in positions
    ]
    return positions[np.array(keep)]


def flux_through_box(field, centre, size, n=200):
    """Flux out of a cube over that of its mean absolute field, from ``n`` times ``n`` points on each face."""
    offset = (np.arange(n) + 0.5) / n - 0.5
    total = absolute = 0.0
    for axis in range(3):
        face = np.zeros((n, n, 3))
        others = [other for other in range(3) if other != axis]
        face[..., others[0]], face[..., others[1]] = np.meshgrid(offset, offset, indexing="ij")
        for side in (-0.5, 0.5):
            face[..., axis] = side
            values = field.values(centre + size * face.reshape(-1, 3))[:, axis]
            total += np.sign(side) * values.mean()
            absolute += np.abs(values).mean()
    return total / absolute
