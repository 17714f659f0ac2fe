"""Whether skies and a statistic mean the same cells."""

from ..errors import InputError


def check_cells(events, nside, n_bins):
    """Raise :class:`InputError` unless the events are of this resolution in so many energy bins."""
    if (events.nside, events.n_bins) != (nside, n_bins):
        raise InputError(
            f"expected events of nside {nside} in {n_bins} bins, received nside {events.nside} in {events.n_bins} bins"
        )
