"""Rows and columns of the results: what stands in a cell and what it is sorted by."""

from ...core.published import published_eta
from ..style.numbers import DASH, MISSING, THIN_SPACE, fixed, percent, percent_interval
from .base import statistic_label
from .row_model import Column

ON_SCREEN = "on screen"


class Row:
    """One verdict beside the limit and the published value; ``run`` is the name of its run, empty for the one on screen.

    Its ``key`` is what tells it from others, also after the results have been made anew.
    """

    def __init__(self, verdict, limit, note="", run=""):
        self.verdict, self.note, self.run = verdict, note, run
        self.key = run, verdict.source, verdict.n_events, verdict.statistic
        published = published_eta(verdict.source, verdict.n_events)
        self.published = published.get(verdict.statistic)
        limit = limit if verdict.eta_limit is None else verdict.eta_limit
        both = verdict.eta_min is not None and limit is not None
        self.ratio = verdict.eta_min / limit if both and verdict.statistic != "likelihood_ratio" else None
        words = verdict.source, verdict.n_events, statistic_label(verdict.statistic), verdict.statistic, eta_text(self), run or ON_SCREEN
        self.words = " ".join(map(str, words)).casefold()

    @property
    def interval(self):
        """The 68 % interval as text."""
        low, high = self.verdict.eta_low, self.verdict.eta_high
        if low is None or high is None:
            return MISSING
        return f"{fixed(100 * low)}{DASH}{fixed(100 * high)}{THIN_SPACE}%"


def checked_text(verdict):
    """Return the false-positive rate on further skies, for a tooltip; None where it was not checked."""
    if verdict.alpha_checked is None:
        return None
    rate = percent_interval(
        verdict.alpha_checked, *(verdict.alpha_checked + sign * verdict.alpha_checked_error for sign in (-1, 1)), 2,
    )
    return f"{rate} on {verdict.check_maps:,} other isotropic skies".replace(",", THIN_SPACE)


def name_text(row):
    """Return the name of the statistic, marked where there is something to know about it."""
    return f"{statistic_label(row.verdict.statistic)}{' *' if row.note else ''}"


def eta_text(row):
    """Return η, or that nothing is enough."""
    return "not detected" if row.verdict.eta_min is None else percent(row.verdict.eta_min, 2)


COLUMNS = (
    Column("Source", "Tick rows to lay their curves over each other", lambda r: r.verdict.source, lambda r: (r.verdict.source, r.verdict.n_events, r.verdict.statistic)),
    Column("N", "Number of events", lambda r: str(r.verdict.n_events), lambda r: (r.verdict.n_events, r.verdict.source)),
    Column("Statistic", "* : the tooltip says what has to be known", name_text, lambda r: (r.verdict.statistic, r.verdict.n_events)),
    Column("η", "Smallest fraction of source events that is detected", eta_text, lambda r: (r.verdict.eta_min,)),
    Column("68 % interval", "From resampled test skies", lambda r: r.interval, lambda r: (r.verdict.eta_low,)),
    Column("α", "Isotropic skies called anisotropic, measured", lambda r: percent(r.verdict.alpha, 2), lambda r: (r.verdict.alpha,)),
    Column("β", "Skies with the source missed, measured", lambda r: percent(r.verdict.beta, 2), lambda r: (r.verdict.beta,)),
    Column("AUC", "Area under the ROC curve at η", lambda r: fixed(r.verdict.auc, 4), lambda r: (r.verdict.auc,)),
    Column(
        "η / limit", "How far from the likelihood ratio, which no statistic beats: blue at the limit, amber from three times the limit on",
        lambda r: MISSING if r.ratio is None else fixed(r.ratio, 2), lambda r: (r.ratio,),
    ),
    Column(
        "Paper", "Published by Kalashev, Pshirkov & Zotov: arXiv:2105.06414, Table 1; power spectrum: JCAP 09 (2019) 034",
        lambda r: percent(r.published, 2), lambda r: (r.published,),
    ),
    Column("Run", "Where the result comes from", lambda r: r.run or ON_SCREEN, lambda r: (r.run, r.verdict.source, r.verdict.n_events)),
)
TEXT_COLUMNS = (0, 2, 10)
STATISTIC_COLUMN, ETA_COLUMN, ALPHA_COLUMN, RATIO_COLUMN, RUN_COLUMN = 2, 3, 5, 8, 10
QUIET_COLUMNS = (4, 9, 10)
