"""The public event lists whose columns are known, and how to cite them."""

from dataclasses import dataclass

from .columns import split_name


@dataclass(frozen=True)
class PublishedList:
    """One public list.

    Attributes
    ----------
    name : str
    citation : str
        With the licence where there is one; it goes into every result.
    exposure : str
        The ``observatory.exposure`` that fits.
    resolution : float
        The ``energy.resolution`` that fits.
    columns : tuple of frozenset of str
        Bare names that only this list has, in each of its forms.
    """

    name: str
    citation: str
    exposure: str
    resolution: float
    columns: tuple

    def __str__(self):
        return f"{self.name}; cite {self.citation}; observatory.exposure = {self.exposure!r}, energy.resolution = {self.resolution:g}"


PUBLISHED = (
    PublishedList(
        "Auger 2022", "Abreu et al. (Pierre Auger Collaboration), ApJ 935 (2022) 170, arXiv:2206.13492; data under CC BY-SA 4.0", "auger", 0.08,
        (frozenset({"zenith", "azimuth", "utcunixs", "exposurekm2sryr"}), frozenset({"yr", "jd", "utc", "th", "ph", "expo"})),
    ),
    PublishedList(
        "Auger 2015", "Aab et al. (Pierre Auger Collaboration), ApJ 804 (2015) 15, arXiv:1411.6111", "auger", 0.08,
        (frozenset({"year", "dayofyear", "zenith"}),),
    ),
    PublishedList(
        "Telescope Array 2014", "Abbasi et al. (Telescope Array Collaboration), ApJ 790 (2014) L21, arXiv:1404.5890", "telescope_array", 0.2,
        (frozenset({"year", "month", "day", "hour", "minute", "second", "zenith"}),),
    ),
)


def published_list(names):
    """Return the :class:`PublishedList` that has these columns, or None."""
    bare = {split_name(name)[0] for name in names}
    return next((known for known in PUBLISHED if any(form <= bare for form in known.columns)), None)
