"""The answer on the right: what can be detected, what arrives at the chosen pixel, what this sky says."""

import textwrap

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QWidget

from ...core.observatory import UNIFORM
from ...core.published import published_eta
from ..background.throttle import Throttle
from ..plots.base import in_a_later_turn
from ..plots.results import EtaPlot
from ..plots.spectrum import SpectrumPlot
from ..state.labels import NARROW_SPACE, registry_labels
from ..style import theme
from ..style.numbers import THIN_SPACE, TIMES, fixed, percent, significant
from ..style.parts import Part, ValueRow, eta_text
from ..style.widgets import column, label, wrapped
from ..tasks.information import InformationPart

PAPER = "arXiv:2105.06414, Table 1: JF12 with its random part, Nside 32, 15 bins, ΔE/E = 20 %, α = 0.01, β = 0.05"
WIDTH = 304
PLOT_HEIGHT = 170
REDRAW = 120  # ms at least between two pictures of what a slider changes: the sky itself has the time
SMALL_SHARE = 5e-4  # what is less is not worth a word


class AnswerPanel(QScrollArea):
    """Shows what the controller has found.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller, parent=None):
        super().__init__(parent)
        self._controller = controller
        self._pixel = None
        self.limit = ValueRow("Likelihood ratio (limit)", "limit")
        self.template = wrapped(role="caption")
        self.network = ValueRow("", "active")
        self.ratio = ValueRow("", "quiet")
        self.paper = ValueRow("", "quiet")
        self.paper.setToolTip(PAPER)
        self.eta_plot = EtaPlot()
        self.eta_plot.setMinimumHeight(PLOT_HEIGHT)
        self.spectrum = SpectrumPlot()
        self.spectrum.setMinimumHeight(PLOT_HEIGHT)
        for plot in (self.eta_plot, self.spectrum):
            plot.diagram.postpone = in_a_later_turn  # the sky comes first
        self.pixel_score = ValueRow("ln likelihood ratio from here")
        self.pixel_exposure = ValueRow("Exposure, relative to the mean")
        self.losses, self.rays = wrapped(role="caption"), wrapped(role="caption")
        self.source_events = ValueRow("Source events")
        self.score = ValueRow("ln likelihood ratio")
        self.p_value = ValueRow("p-value")
        self.note = wrapped(role="caption")
        self.fraction_part = Part(
            "Detectable fraction", self.limit, self.template, self.network, self.ratio, self.paper, self.eta_plot
        )
        self.information_part = InformationPart(controller)
        self.spectrum_part = Part("Spectrum", self.spectrum, self.pixel_score, self.pixel_exposure, self.losses, self.rays)
        self.sky_part = Part("This sky", self.source_events, self.score, self.p_value, self.note, line=False)
        self._build()
        self._draw_eta = Throttle(self._show_eta_plot, REDRAW, self)
        self._draw_events = Throttle(self._show_events, REDRAW, self)
        controller.density_changed.connect(self._show_spectrum)
        controller.answers_changed.connect(self.show_answers)
        controller.sky_changed.connect(self._show_sky)
        controller.test_changed.connect(self._show_test)
        controller.density_changed.connect(self.show_answers)
        self.show_answers()
        self._show_spectrum()
        self._show_sky()
        self._show_test()

    def _build(self):
        self.setObjectName("panel")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(WIDTH)
        content = QWidget()
        content.setObjectName("panel")
        layout = column(self.fraction_part, self.information_part, self.spectrum_part, self.sky_part, spacing=0)
        layout.setStretch(0, 1)
        layout.setStretch(2, 1)
        content.setLayout(layout)
        self.setWidget(content)

    def show_pixel(self, ipix):
        """Show the spectrum of one NESTED pixel; None for the whole sky."""
        self._pixel = ipix
        self._show_spectrum()

    def numbers(self):
        """Return every number of events for which there may be an answer."""
        config, choices = self._controller.config, self._controller.choices
        return sorted({choices.n_events, *config.events.n_events})

    def show_answers(self):
        """Show limit, network and published value at the chosen N, and their curves."""
        controller = self._controller
        config, n_events, source = controller.config, controller.choices.n_events, controller.source_name
        self.fraction_part.heading.setText(f"DETECTABLE FRACTION, N = {n_events}")
        limit = controller.answers.limit(config, source, n_events)
        waiting = "computing…" if controller.is_working else "not computed"
        self.limit.show_value(waiting if limit is None else eta_text(limit), limit is None)
        said = template_text(limit)
        self.template.setText(said)
        self.template.setVisible(bool(said))
        name = registry_labels("network.kind")[config.network.kind]
        network = controller.answers.network(config, source, n_events)
        ratio = None if network is None else network.ratio_to_limit
        self.ratio.setVisible(ratio is not None)
        self.ratio.name.setText(f"{name} over the limit")
        self.ratio.show_value(f"{TIMES}{THIN_SPACE}{fixed(ratio, 2)}", True)
        self.network.name.setText(name)
        self.network.show_value("not trained yet" if network is None else eta_text(network), network is None)
        published = published_eta(source, n_events).get(config.network.kind)
        self.paper.name.setText(f"Paper, {name}")
        self.paper.show_value("not published" if published is None else percent(published, 2), True)
        self._draw_eta()

    def _show_eta_plot(self):
        controller, numbers = self._controller, self.numbers()
        config, n_events, source = controller.config, controller.choices.n_events, controller.source_name
        networks = controller.answers.methods(config, source, numbers)
        verdicts = controller.answers.limits(config, source, numbers) + tuple(v for v in networks if v.statistic == config.network.kind)
        self.eta_plot.set_verdicts(verdicts, source, statistics=(config.network.kind,), current=n_events)

    def _show_spectrum(self):
        density = self._controller.density
        if self._pixel is not None and (density is None or self._pixel >= density.npix):
            self._pixel = None
        self.spectrum_part.heading.setText("SPECTRUM, WHOLE SKY" if self._pixel is None else "SPECTRUM AT THIS PIXEL")
        self.spectrum.set_density(density, self._pixel)
        self._show_pixel_score()
        self._show_pixel_exposure()
        lost = "" if density is None else losses_text(density.losses)
        self.losses.setText(lost)
        self.losses.setVisible(bool(lost))
        reports = () if density is None else density.lens_reports
        self.rays.setVisible(bool(reports))
        if reports:
            self.rays.setText("\n".join(rays_text(report, density.normalisation, len(reports) > 1) for report in reports))
            self.rays.setToolTip("\n\n".join(rays_details(report) for report in reports))

    def _show_sky(self):
        sky = self._controller.sky
        text = fixed(None) if sky is None else f"{sky.n_source} of {sky.n_events}"
        self.source_events.show_value(text, sky is None)
        self._draw_events()

    def _show_events(self):
        sky = self._controller.sky
        self.spectrum.set_events(None if sky is None else sky.events)

    def _show_pixel_exposure(self):
        """Show how long the detector watches the chosen pixel, unless it watches all alike."""
        density, is_uniform = self._controller.density, self._controller.config.observatory.exposure == UNIFORM
        self.pixel_exposure.setVisible(self._pixel is not None and density is not None and not is_uniform)
        if not self.pixel_exposure.isHidden():
            exposure = float(density.isotropic[self._pixel].sum()) * density.npix
            self.pixel_exposure.show_value(fixed(exposure, 2) if exposure else "never seen", not exposure)

    def _show_pixel_score(self):
        """Show what the events of the chosen pixel add to the likelihood ratio of this sky."""
        sky, test, pixel = self._controller.sky, self._controller.sky_test, self._pixel
        self.pixel_score.setVisible(pixel is not None)
        if pixel is None:
            return
        known = test is not None and pixel < len(test.pixel_scores)
        n = 0 if sky is None else int((sky.events.ipix[0] == pixel).sum())
        self.pixel_score.setToolTip(f"{n} event{'' if n == 1 else 's'} of this mock sky lie in the pixel")
        self.pixel_score.show_value(signed(test.pixel_scores[pixel], 2) if known else fixed(None), not known or n == 0)

    def _show_test(self):
        sky, test = self._controller.sky, self._controller.sky_test
        self._show_pixel_score()
        if test is None:
            self.score.show_value(fixed(None), True)
            self.p_value.show_value(fixed(None), True)
            is_isotropic = sky is not None and sky.eta == 0
            self.note.setText("An isotropic sky: choose η above 0 to test for a source." if is_isotropic else "")
            return
        self.score.show_value(signed(test.score))
        least = test.p_value <= 1 / test.n_null
        self.p_value.show_value(f"<{THIN_SPACE}{significant(1 / test.n_null, 1)}" if least else significant(test.p_value, 2))
        self.note.setText(f"Tested for η = {percent(sky.eta)} against {count(test.n_null)} isotropic skies.")


def template_text(limit):
    """Return which template made a limit across halves, for a caption; empty for one of all rays."""
    choice = None if limit is None else limit.template
    if choice is None:
        return ""
    raw, smoothed, same = (percent(eta, 2) for eta in (choice.eta_raw, choice.eta_smoothed, choice.eta_same_rays))
    width = f"{choice.best_width_deg:g}°"
    won = f"smoothed by {choice.smoothing_deg:g}°" if choice.smoothing_deg else "as it is"
    return (
        f"Across halves of the rays; template {won}: raw {raw}, smoothed by {width} {smoothed}. "
        f"Knowing the rays of the events: {same}."
    )


def signed(value, decimals=1):
    """Return a number with its sign."""
    return f"+{fixed(value, decimals)}" if value > 0 else fixed(value, decimals)


def losses_text(losses):
    """Return what a density does not hold, for a caption."""
    parts = [
        (losses.blocked, "do not get through the field"), (losses.outside_rigidity, "lie outside the rigidities"),
        (losses.above_source, "lie above the last bin"),
    ]
    said = [f"{percent(share)} {what}" for share, what in parts if share >= SMALL_SHARE]
    return f"Of the source's nuclei {', '.join(said)}." if said else ""


def rays_text(report, normalisation, name_source=False):
    """Return what a density rests on, for a caption: rays, and the nuclei behind few of them in both ways of counting."""
    chosen, edge, flux = (report.summary(kind) for kind in (normalisation, "edge", "flux"))
    text = f"{report.source}: " if name_source else ""
    text += f"{count(chosen.median_rays)} rays a rigidity, at least {count(chosen.least_rays)}"
    limit = f"dimmed below {chosen.limits[0]:g}"
    if max(edge.dim, flux.dim) < SMALL_SHARE:
        text += f"; nowhere {limit}."
    else:
        text += f"; {limit}: {percent(edge.dim)} of the nuclei, {percent(flux.dim)} of the flux."
    if report.closed_fields:
        text += f" {len(report.closed_fields)} of {len(report.fields)} fields left out: nothing arrives."
    return text


def rays_details(report):
    """Return the report of a lens in full, for a tooltip."""
    return "\n".join(part for line in report.lines() for part in textwrap.wrap(line[:1].upper() + line[1:], 72))


def count(number):
    """Return a whole number with narrow spaces between thousands."""
    return f"{number:,.0f}".replace(",", NARROW_SPACE)


class AnswerLine(QWidget):
    """The answer in one line, for windows too narrow for the panel."""

    def __init__(self, controller, parent=None):
        super().__init__(parent)
        self._controller = controller
        self.limit, self.network = label("", "limit"), label("", "active")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * theme.RHYTHM)
        for part in (self.limit, self.network):
            layout.addWidget(part)
        controller.answers_changed.connect(self.show_answer)
        controller.density_changed.connect(self.show_answer)
        self.show_answer()

    def show_answer(self):
        """Show limit and network at the chosen N."""
        controller = self._controller
        arguments = controller.config, controller.source_name, controller.choices.n_events
        limit, network = controller.answers.limit(*arguments), controller.answers.network(*arguments)
        self.limit.setText("" if limit is None else f"limit η = {eta_text(limit)}")
        name = registry_labels("network.kind")[controller.config.network.kind]
        self.network.setText("" if network is None else f"{name} η = {eta_text(network)}")
