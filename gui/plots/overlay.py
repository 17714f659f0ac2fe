"""Verdicts of several runs, sources and numbers of events in one diagram: what each curve is called and looks like."""

from ..style.numbers import percent
from .base import Diagram, statistic_colour, statistic_label, statistic_lines
from .sky_view import translucent

WHOLE_ROW = ("statistic", "run", "source", "n_events")
WITHOUT_NUMBER = WHOLE_ROW[:3]
FAINT = 0.5


class Overlay:
    """Curves of one diagram, the limits last so that they lie above.

    Parameters
    ----------
    verdicts : iterable of Verdict
    runs : mapping, optional
        Name of the run of a Verdict; without one it is the run on screen.
    chosen : Verdict, optional
        Drawn bolder than the others if there are any.
    parts : tuple of str
        What makes a curve of its own.
    """

    def __init__(self, verdicts=(), runs=None, chosen=None, parts=WHOLE_ROW):
        self.verdicts = tuple(sorted(verdicts, key=lambda v: v.statistic == "likelihood_ratio"))
        self.chosen, self._runs, self._parts = chosen, runs or {}, parts
        self._lines = statistic_lines(self.series(v) for v in self.verdicts)
        self._repeated = self._repetitions()
        self._told = [part for part in parts[1:] if len({self._value(v, part) for v in self.verdicts}) > 1]

    def _value(self, verdict, part):
        return self._runs.get(verdict, "") if part == "run" else getattr(verdict, part)

    def series(self, verdict):
        """Return what tells the curve of a verdict from others, the statistic first."""
        return tuple(self._value(verdict, part) for part in self._parts)

    def groups(self):
        """Return ``{series: verdicts}``, those of a series by N."""
        found = {}
        for verdict in self.verdicts:
            found.setdefault(self.series(verdict), []).append(verdict)
        return {series: sorted(members, key=lambda v: v.n_events) for series, members in found.items()}

    def _repetitions(self):
        """Series whose colour and line are those of an earlier one."""
        seen, repeated = set(), set()
        for series, (style, _, _) in self._lines.items():
            look = statistic_colour(series[0]), style
            repeated |= {series} if look in seen else set()
            seen.add(look)
        return repeated

    def colour(self, verdict, theme):
        """Return the colour of a curve, fainter where there are too many for lines of their own."""
        colour = getattr(theme, statistic_colour(verdict.statistic))
        return translucent(colour, FAINT) if self.series(verdict) in self._repeated else colour

    def line(self, verdict):
        """Return ``(pen style, symbol, swatch)``."""
        return self._lines[self.series(verdict)]

    def width(self, verdict, usual=2.0):
        """Return the width of a curve: the chosen one is bolder where it is one of many."""
        if self.chosen is None or len(self._lines) < 4:
            return usual
        return 1.4 * usual if self.series(verdict) == self.series(self.chosen) else 0.8 * usual

    def name(self, verdict, after=""):
        """Return what a curve is called: its statistic, and in what else it differs from the others here."""
        words = {
            "run": self._value(verdict, "run") or "on screen", "source": verdict.source, "n_events": f"N = {verdict.n_events}",
        }
        return ", ".join([statistic_label(verdict.statistic) + after, *(words[part] for part in ("source", "n_events", "run") if part in self._told)])

    def entries(self, swatch=None, with_eta=False):
        """Return a line of the key for each curve; ``with_eta`` says which fraction it was made for."""
        seen = {self.series(v): v for v in reversed(self.verdicts)}
        return [
            (swatch or self.line(v)[2], statistic_colour(v.statistic), self.name(v, f" at η = {percent(tested_eta(v))}" if with_eta else ""))
            for v in reversed(seen.values())
        ]


class VerdictDiagram(Diagram):
    """A diagram of verdicts, each a curve of its own."""

    def __init__(self, x_label, y_label, parent=None):
        super().__init__(x_label, y_label, parent)
        self._overlay = Overlay()

    def set_verdicts(self, verdicts, runs=None, chosen=None):
        """Show verdicts; see :class:`Overlay`."""
        self._overlay = Overlay(verdicts, runs, chosen)
        self.redraw()

    @property
    def verdicts(self):
        """Those shown."""
        return self._overlay.verdicts


def tested_eta(verdict):
    """Return the fraction that ROC and scores of a verdict are made for."""
    return 1.0 if verdict.eta_min is None else verdict.eta_min
